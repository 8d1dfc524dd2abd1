"""The Streamlit pages: where annotators correct and researchers watch."""
