-- Waits for another run that looks for doubts; others may read meanwhile.
lock table library_doubts in share row exclusive mode
