"""Training one corpus or several in turn (`stage`): batches (`batches`), losses (`losses`), the saved state (`stage_state`)."""
