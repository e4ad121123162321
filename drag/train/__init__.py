"""Training the student: rows to learn from, a run that learns them, a file that llama.cpp loads."""
