"""What both components need: messages to the server, unsaved answers, sound and picture of a clip, keys, and the look.

Its scripts import one another, and no other room's.
"""
