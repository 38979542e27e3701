"""What people touch: the command line, the Streamlit app, its pages, the player component."""
