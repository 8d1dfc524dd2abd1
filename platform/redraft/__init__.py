"""Redraft keeps vision-language models honest with people's corrections: the domain, free of Ray and Streamlit."""

__version__ = "0.1.0"
