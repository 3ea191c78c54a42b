"""The workbench: Streamlit pages over the office's desk. They are thin; nothing is decided here."""
