"""The workbench. ``streamlit run app.py`` starts it, and so does ``allocator serve``."""

import streamlit as st

from allocator.ui import server

app = st.App(server.MAIN, **server.options())
