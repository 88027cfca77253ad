-- Makes the commit of this transaction wait for the disk.
set local synchronous_commit = on
