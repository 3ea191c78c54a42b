"""The office: who may do what and when, over a store that loses nothing."""
