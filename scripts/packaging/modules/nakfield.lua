-- A module file for Lmod: copy it to <modules>/nakfield/0.1.0.lua and set the two lines below.
local prefix = "/opt/nakfield/0.1.0"  -- of cmake --install
local needed = { "openmpi", "petsc", "hdf5", "udunits" }  -- as when it was built; {} where nothing is

whatis("Name: nakfield")
whatis("Version: 0.1.0")
whatis("Description: sodium-potassium anodes on a solid electrolyte, simulated")
help([[nakfield --help, man nakfield; decks are in $NAKFIELD_ROOT/share/nakfield/decks,
batch files in $NAKFIELD_ROOT/share/nakfield/slurm: set NAKFIELD=nakfield for them.]])

conflict("nakfield")
for _, name in ipairs(needed) do depends_on(name) end
setenv("NAKFIELD_ROOT", prefix)
setenv("OMP_NUM_THREADS", "1")
prepend_path("PATH", pathJoin(prefix, "bin"))
prepend_path("MANPATH", pathJoin(prefix, "share/man"))
prepend_path("XDG_DATA_DIRS", pathJoin(prefix, "share"))  -- where bash-completion looks
prepend_path("PYTHONPATH", pathJoin(prefix, "share/nakfield/python"))
