"""The damage campaign: every kind of file is damaged, every command is killed, and all is counted.

    python -m tests.damage                                   # minutes
    python -m tests.damage --inputs 20000 --kills 200        # hours
    python -m tests.damage --only scores.csv --inputs 500 --seed 3
    python -m tests.damage --inputs 20000 --keep tried.txt --time-limit 20m   # in slices

With --keep the same command goes on where it stopped or was killed, on the same code alone.

A damaged file is read as the commands read it. What comes out is held against what the undamaged
file gives, the oracle: a refusal in one line and the very same result are right; another result
was believed wrongly, and a traceback or a hang are no answer. Damage after which whoever did it
renewed the digest as well can't be told from a file that was meant to be so: it is out of scope.

To add a kind of file, write in a module beside this one

    def make(folder): ...      # fill an empty folder with undamaged files; shared by many kinds
    def read(folder): ...      # read the file as a command does; return text, bytes, or lists of
                               # these that differ where the content does; any error is raised

and put one entry into KINDS in `kinds.py`:

    Kind("table.h5", make, "truth.h5", read),

whose third argument is the file's pattern below the folder: the first that matches is damaged, and
the last is "another's file". `command` adds the command line that a sample of the inputs goes
through (see `Kind`). `python -m tests.damage --only table.h5` tries it. A kind of damage is an
entry of DAMAGES in `damages.py`, and a command to be killed one of COMMANDS in `kills.py`.
"""
