"""The table of attacks: what a user, an accident or an adversary gives the program, the exit
status, and words of what it says (a regular expression, over both streams).

A row of CHECKS is a deck, of OVERRIDES an entry of the command line on REST, of COMMANDS a command
line in a folder that has REST as deck.yaml and FILES.  A row of DAMAGE and STOPPED is what is done
to a copy of a finished run, or of one that was stopped, in `run` before the command.
test_attacks.py runs all.  To add an attack, add a row: with every defect, the input that showed it.
"""
import fcntl
import os
import re
import shutil
import types
from pathlib import Path

DONE, INPUT, SOLVER, OUTPUT = 0, 2, 3, 4

REST = "protocol: [{rest: 1 s}]\n"
WETTED = ("grid: {{nx: 24, width: 6 um}}\nmicrostructure: {{height: 3 um, pockets: 1{1}}}\n"
          "wetting: {{adhesion: {0} mJ/m^2}}\nprotocol: [{{rest: 1 s}}]\n")
STRIP = "protocol: [{strip: 1 mA/cm^2, for: 1 s}]\n"
MATERIALS = Path(__file__).resolve().parents[2] / "inputs/materials"
MATERIAL = (MATERIALS / "NaK.yaml").read_text(encoding="utf-8")
GAP = MATERIAL.replace("{1: 2957.0, T: -1.0354}", "{1: 6500}").replace(
    "{1: 375.3, T: 0.7772}", "{1: 0}")
REPEATS = "".join(f"{'  ' * (2 * k + 1)}- repeat: 2\n{'  ' * (2 * k + 2)}steps:\n" for k in range(9))


def of(item):
    """A deck with one item of a protocol."""
    return f"protocol: [{item}]\n"


# ---- Decks: group -> (name, text, status, words) ----

CHECKS = {
    "encodings and YAML": [
        ("CRLF", REST.replace("\n", "\r\n"), DONE, "no errors"),
        ("CR alone", "title: x\r" + REST.replace("\n", "\r"), DONE, "no errors"),
        ("a byte order mark", "\ufeff" + REST, DONE, "no errors"),
        ("UTF-8 in a title", "title: Größe 钠钾 ✓\n" + REST, DONE, "no errors"),
        ("a YAML directive", "%YAML 1.2\n---\n" + REST, DONE, "no errors"),
        ("a decimal comma in a flow map", of("{strip: 0,5 mA/cm^2, for: 1,5 s}"), INPUT,
         r"1:20: strip is 0,5 mA/cm\^2: write a decimal point, not a comma\n.*1:38: for is 1,5 s"),
        ("a decimal comma in a section", REST + "interphase: {exponent: 2,35}\n", INPUT,
         r"2:24: exponent is 2,35: write a decimal point, not a comma\nnakfield: 1 error in"),
        ("a title of 1 MB", "title: " + "x" * 1000000 + "\n" + REST, INPUT,
         r"1:8: title is .*longer|1:8: .*long"),
        ("a title in a block", "title: |\n  two\n  lines\n" + REST, INPUT,
         r"1:8: title.*(control|line)"),
        ("a tab", "grid:\n\tnx: 3\n", INPUT, "2:1: a tab cannot stand here"),
        ("UTF-16", REST.encode("utf-16"), INPUT, "must be text in UTF-8"),
        ("UTF-16 without a mark", REST.encode("utf-16-le"), INPUT, "must be text in UTF-8|YAML"),
        ("Latin-1", b"title: caf\xe9\n" + REST.encode(), INPUT,
         "1:1.: the deck must be text in UTF-8"),
        ("any bytes", bytes(range(256)) * 8, INPUT, "UTF-8|control"),
        ("a null", b"title: a\0b\n", INPUT, "control characters are not allowed"),
        ("empty", "", INPUT, "1:1: the deck is empty"),
        ("only a comment", "\n\n# nothing\n", INPUT, "the deck is empty"),
        ("a scalar", "hello\n", INPUT, r"1:1: a deck must be made of lines such as"),
        ("a list", "- a\n- b\n", INPUT, "a deck must be made of lines such as"),
        ("two documents", REST + "---\n" + REST, INPUT, "2:1: a second document begins here"),
        ("an anchor", "title: &a x\n" + REST, INPUT, "1:8: anchors such as &a"),
        ("an alias", "title: &a x\ngrid: *a\n" + REST, INPUT, r"2:7: aliases such as \*a"),
        ("a merge key", "grid: {<<: {nx: 4}}\n" + REST, INPUT, "1:8: unknown key 'grid.<<'"),
        ("a bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + REST, INPUT, "aliases"),
        ("a tag of a language", "title: !!python/object x\n" + REST, INPUT, "1:8: tags such as"),
        ("a key that is a list", "? [a, b]\n: c\n" + REST, INPUT, "1:3: a key must be a word"),
        ("an empty key", "'': c\n" + REST, INPUT, "1:1: a key must be a word"),
        ("duplicate keys", "title: a\ntitle: b\n" + REST, INPUT, "2:1: duplicate key 'title'"),
        ("unclosed", "grid: {nx: 3\n" + REST, INPUT, "YAML: did not find expected ','"),
        ("5,000 nested lists", "title: " + "[" * 5000 + "]" * 5000 + "\n", INPUT,
         "nested deeper than 32"),
        ("20,000 unknown keys", "".join(f"key{k}: 1\n" for k in range(20000)), INPUT,
         "257:1: more than 256 keys"),
        ("120,000 values", "protocol: [" + "1," * 120000 + "]\n", INPUT, "more than 100000 values"),
        ("a key of 1,000 letters", "k" * 1000 + ": 1\n" + REST, INPUT, "the key 'k+.* is too long"),
        ("a terminal's escape", "title: \"\\e[31mred\"\n" + REST, INPUT, r"^(?!.*\x1b)"),
    ],
    "physics": [
        ("1e6 A/cm2", of("{strip: 1e6 A/cm^2, for: 1 s}"), INPUT, "must be between"),
        ("1e300 A/cm2", of("{strip: 1e300 A/cm^2, for: 1 s}"), INPUT, "must be between"),
        ("a rest of 1e-12 s", of("{rest: 1e-12 s}"), INPUT, "1:19: .*must be between 1e-09 s and 1e\\+12 s"),
        ("a rest of no time", of("{rest: 0 s}"), INPUT, "1:19: .*must be between 1e-09 s and 1e\\+12 s"),
        ("a rest in the past", of("{rest: -1 s}"), INPUT, "1:19: .*must be between 1e-09 s and 1e\\+12 s"),
        ("a rest of 1e30 s", of("{rest: 1e30 s}"), INPUT, "1:19: .*between 1e-09 s and 1e\\+12 s"),
        ("a current for 1e30 s", of("{strip: 1 mA/cm^2, for: 1e30 s}"), INPUT, "1:36: .*and 1e\\+12 s"),
        ("what the deck lacks", REST + "alloy: {volume: 1 uL}\n", INPUT,
         r"deck.yaml: grid.alloy_height is 40 um.*\(the deck has no 'grid.alloy_height', so the default"),
        ("what a section lacks", REST + "alloy: {volume: 1 uL}\ngrid: {nx: 4}\n", INPUT,
         r"deck.yaml:3:7: grid.alloy_height is .*\(the deck has no 'grid.alloy_height'"),
        ("partly solid", "alloy: {potassium: 10 wt%}\n" + REST, DONE, "stable from .* to .* wt% K"),
        ("no current that strips", of("{strip: 0 mA/cm^2, for: 1 s}"), DONE, "no errors|warning"),
        ("1 MV", of("{voltage: 1 MV, for: 1 s}"), INPUT, "must be between"),
        ("a staircase of no step",
         of("{staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 0 A/m^2, hold: 1 s}}"),
         INPUT, "never arrives"),
        ("below absolute zero", of("{rest: 1 s, temperature: -300 degC}"), INPUT, "temperature"),
        ("a ramp of no time", of("{rest: 1 s, temperature: {to: 30 degC, for: 0 s}}"), INPUT,
         "must be between 1e-09 s and 1e\\+12 s"),
        ("frozen", of("{rest: 1 s, temperature: -14 degC}"), INPUT,
         "all solid.*ask for .* or more"),
        ("protocol is a number", "protocol: 5\n", INPUT, "'protocol' must be a list"),
        ("no item", "protocol: []\n", INPUT, "'protocol' must be a list with at least one item"),
        ("an item that is a word", of("rest"), INPUT, "1:12: "),
        ("an item in an item", of("[{rest: 1 s}]"), INPUT, "1:12: "),
        ("an item misspelt", of("{stripp: 1 mA/cm^2, for: 1 s}"), INPUT, "did you mean 'strip'"),
        ("a signal misspelt", of("{rest: 1 s, until: voltag > 3 V}"), INPUT,
         "unknown signal 'voltag'"),
        ("a current without a unit", of("{strip: 1, for: 1 s}"), INPUT, "1:20: .*needs a unit"),
        ("a current of nan", of("{strip: nan mA/cm^2, for: 1 s}"), INPUT, "must be finite"),
        ("contact of no column", "grid: {nx: 8, width: 8 um}\ncontact: {fraction: 0.05}\n" + REST,
         INPUT, "2:10: contact.fraction is 0.05, which leaves no column"),
        ("steps that cannot be", "solver: {first_step: 1 ns, shortest_step: 1 us}\n" + REST, INPUT,
         "must be above solver.shortest_step"),
        ("an isotherm of 50", "interphase: {exponent: 50}\n" + REST, INPUT,
         "must be between 0.05 and 20"),
        ("a void as high as its zone",
         "microstructure: {grains_b: 1, height: 8 um, pockets: 1, pocket_radius: 6 um}\n"
         "grid: {nx: 64, width: 16 um}\nalloy: {compounds: false}\n" + REST,
         INPUT, "9 um high at the start, and microstructure.height is 8 um"),
        ("limits that exclude each other", "limits: {voltage_min: 3 V, voltage_max: 1 V}\n" + REST,
         INPUT, "voltage_m(in|ax)"),
        ("a Cahn-Hilliard of one phase", "model: cahn_hilliard\ncahn_hilliard: {low: 0.7}\n", INPUT,
         "cahn_hilliard.low"),
        ("steps of a box", "model: cahn_hilliard\ntime: {first_step: 1, shortest_step: 10}\n",
         INPUT, "2:7: time.first_step is 1: it must be above time.shortest_step"),
        ("no smoothing", "model: allen_cahn\nmultigrid: {before: 0, after: 0}\n", INPUT,
         "multigrid.before"),
    ],
    "size and time": [
        ("repeats nine deep", f"protocol:\n{REPEATS}{'  ' * 19}- rest: 1 s\n", INPUT, "deep"),
        ("a staircase of 1e12 levels",
         of("{staircase: {from: 0 A/m^2, to: 1e6 A/m^2, step: 1e-6 A/m^2, hold: 1 s}}"), INPUT, "levels"),
        ("a count of 3e9", of("{repeat: 3000000000, steps: [{rest: 1 s}]}"), INPUT, "must be"),
        ("no turn", of("{repeat: 0, steps: [{rest: 1 s}]}"), INPUT, "must be"),
    ],
}

# ---- Entries of the command line, on a rest: group -> (entry, status, words) ----

OVERRIDES = {
    "wetting": [
        ("wetting.adhesion=-1 J/m^2", INPUT, "must be between"),
        ("wetting.adhesion=0.1 N", INPUT, "wetting.adhesion is 0.1 N"),
        ("wetting.surface_tension=-1 N/m", INPUT, "must be between"),
        ("wetting.roughness=0.5", INPUT, "must be between"),
        ("wetting.roughness=2", INPUT, "there is no wetting.adhesion: microstructure.angle_void is the angle"),
        ("wetting={adhesion: 0.1 J/m^2, roughness: 2}", DONE, "no errors"),
        ("scaffold.area=0.5", INPUT, "must be between"),
        ("scaffold.area=3", INPUT, "scaffold.area is 3: .*write 'interphase: none', or leave"),
        ("scaffold.pore_radius=-1 um", INPUT, "must be between"),
        ("scaffold.length=0 mm", INPUT, "must be between"),
        ("scaffold.viscosity=0 Pa.s", INPUT, "must be between"),
        ("scaffold.reaction_speed=1 um/s", INPUT, "scaffold.reaction_speed needs scaffold.pore_radius"),
        ("scaffold={pore_radius: 1 um, reaction_speed: 1 um/s}", DONE, "no errors"),
    ],
    "numbers and units": [
        ("interphase.thickness=1e999 m", INPUT, "too large"),
        ("interphase.thickness=1e-400 m", INPUT, "must be between"),
        ("interphase.thickness=1e-300 m", INPUT, "must be between"),
        ("interphase.thickness=nan m", INPUT, "must be finite"),
        ("interphase.thickness=-inf m", INPUT, "must be finite"),
        ("interphase.thickness=.inf", INPUT, "must be finite|not a number"),
        ("interphase.thickness=0x10 nm", INPUT, "is not a unit"),
        ("interphase.thickness=1_000 nm", INPUT, "is not a unit"),
        ("interphase.thickness=1'000 nm", INPUT, "is not a unit"),
        ("interphase.thickness=37.5.1 nm", INPUT, "is not a unit"),
        ("interphase.thickness=3 7 nm", INPUT, "without a blank in it"),
        ("interphase.thickness=--37 nm", INPUT, "not a number"),
        ("interphase.thickness=+37 nm", DONE, "no errors"),
        ("interphase.thickness=37nm", DONE, "no errors"),
        ("interphase.thickness=.037 um", DONE, "no errors"),
        ("interphase.thickness=3.7e1 nm", DONE, "no errors"),
        ("interphase.thickness=3.7D1 nm", INPUT, "is not a unit"),
        ("interphase.thickness=１ nm", INPUT, "not a number"),
        ("interphase.thickness=37 lightyear", INPUT, "must be between|is not a unit"),
        ("interphase.thickness=37 nm^2", INPUT, "wrong dimension"),
        ("interphase.thickness=37 nm)", INPUT, "is not a unit"),
        ("interphase.thickness=37 nm from 3", INPUT, "is not a unit"),
        ("interphase.thickness=many", INPUT, "not a number"),
        ("interphase.thickness=", INPUT, "is empty|needs a value"),
        ("interphase.thickness=[1 nm]", INPUT, "must be a single value"),
        ("interphase.thickness={a: 1 nm}", INPUT, "has entries beneath it"),
        ("alloy.volume=40 µL", DONE, "no errors"),
        ("alloy.volume=40 μL", DONE, "no errors"),
        ("alloy.volume=0.01 acre.inch", INPUT, "must be between"),
        ("cell.area=0.385 cm²", DONE, "no errors"),
        ("cell.area=0.385 cm2", DONE, "no errors"),
        ("cell.area=0.385 cm**2", INPUT, "is not a unit"),
        ("interphase.limiting_current=0.7 mA cm-2", DONE, "no errors"),
        ("interphase.limiting_current=0.7 mA.cm^-2", DONE, "no errors"),
        ("interphase.limiting_current=0.7 lg(re 1 mW)", INPUT, "is not a unit"),
        ("interphase.limiting_current=0.7 mA·cm⁻²", DONE, "no errors"),
        ("interphase.limiting_current=0.7 mA⋅cm⁻²", DONE, "no errors"),
        ("interphase.limiting_current=0.7\u00a0mA\u202fcm−2", DONE, "no errors"),
        ("interphase.limiting_current=7·10⁻¹ mA/cm²", INPUT, "is not a unit"),
        ("interphase.diffusion_time=−2 s", INPUT, "must be between"),
        ("interphase.thickness=64", INPUT, "it needs a unit, for example 64 um"),
        ("interphase.limiting_current=0.7", INPUT, r"it needs a unit, for example 0.7 mA/cm\^2"),
        ("kinetics.charge_transfer_resistance=50 Ω.cm²", DONE, "no errors"),
        ("kinetics.symmetry=0.5 V", INPUT, "wrong dimension"),
        ("kinetics.symmetry=50 %", DONE, "no errors"),
        ("kinetics.symmetry=-0", INPUT, "must be between"),
        ("kinetics.activation_energy=40 kJ/mol", INPUT, "it must be a quantity in eV"),
        ("alloy.temperature=77 degF", DONE, "no errors"),
        ("alloy.temperature=77 F", INPUT, "did you mean degF"),
        ("alloy.temperature=25 °C", DONE, "no errors"),
        ("alloy.temperature=3 s from 1e300", INPUT, "is not a unit"),
        ("alloy.potassium=0 wt%", INPUT, "must be between"),
        ("alloy.potassium=100 wt%", INPUT, "must be between"),
        ("alloy.potassium=150 mol%", INPUT, "must be between"),
        ("alloy.potassium=50 vol%", INPUT, "needs wt% or mol%"),
        ("grid.nx=0", INPUT, "must be between 1 and"),
        ("grid.nx=1.5", INPUT, "must be a whole number"),
        ("grid.nx=0x40", INPUT, "must be a whole number"),
        ("grid.nx=99999999999999999999", INPUT, "must be"),
        ("grid.nx=64 cells", INPUT, "must be a whole number"),
        ("grid.lateral=open", INPUT, "must be periodic or symmetric"),
        ("solver.jump=perhaps", INPUT, "must be true or false"),
        ("contact.fraction=135 deg", INPUT, "wrong dimension"),
    ],
    "size and time": [
        ("output.fields.every=1 fs", INPUT, "must be|frames"),
        ("protocol={rest: 1 s}", INPUT, "'protocol' must be a list"),
    ],
    "command line": [
        ("=5", INPUT, "command line:1: '=5' is not of the form key=value"),
        ("nonsense", INPUT, "expected KEY=VALUE instead of 'nonsense'"),
        ("..=5", INPUT, "not of the form key=value"),
        ("grid.=5", INPUT, "not of the form key=value"),
        ("grid.nx.x=5", INPUT, "command line:1: "),
        ("grid.mx=4", INPUT, r"command line:1: .*did you mean 'grid\.nx'"),
        ("protocol.-1={rest: 1 s}", INPUT, "command line:1: 'protocol.-1' cannot be set"),
        ("protocol.7={rest: 1 s}", INPUT, "command line:1: 'protocol.7' cannot be set"),
        ("protocol.0.rest=2 s", DONE, "no errors"),
        ("protocol=[{rest: 2 s}]", DONE, "no errors"),
        ("protocol=[{", INPUT, "command line:1: YAML"),
        ("grid={nx: 4, ny: 4}", DONE, "no errors"),
        ("title=a = b", DONE, "no errors"),
        ("title=a: b", DONE, "no errors"),
        ("title=*a", DONE, "no errors"),
        ("title=\n", INPUT, "not of the form"),
        ("alloy.system=../../../../../../etc/passwd", INPUT, "etc/passwd:1:1: "),
        ("petsc=[-log_view :/tmp/x]", INPUT, "is not an option of a solver"),
        ("petsc=[-options_file x]", INPUT, "is not an option of a solver"),
        ("petsc=[-ts_monitor_draw_solution, x /y]", INPUT, "is not an option of a solver"),
        ("output.fields.names=[current, x]", INPUT, "command line:1: .*no field 'x'; there are phi_e, c, potential"),
        ("output.fields={names: [x], burst: 3 steps}", INPUT, "burst follows the moments of output.fields.when"),
        ("output.fields={when: short, burst: 0 steps}", INPUT, "burst must be a number of time steps from 1 to 1000"),
        ("output.fields.names=[]", INPUT, "must be a list of fields"),
        ("output.directory=/", INPUT, "name a directory for this run alone"),
        ("output.directory=.", INPUT, "name a directory for this run alone"),
        ("output.directory=runs/..", INPUT, "name a directory for this run alone"),
        ("output.directory=" + "x" * 6000, INPUT, "command line:1: output.directory"),
    ],
}

# ---- Command lines, in a folder of their own: group -> (line, status, words) ----

COMMANDS = {
    "wetting": [
        ("wetting", INPUT, "no deck after 'wetting'"),
        ("wetting deck.yaml --replace", INPUT, "--replace"),
        ("wetting deck.yaml", DONE, "contact angle: 60 degree"),
        ("wetting box.yaml", INPUT, "wetting is reported for cells"),
        ("wetting deck.yaml wetting.adhesion=0.3", INPUT, "wetting.adhesion is 0.3"),
        ("check void.yaml", INPUT,
         "microstructure.angle_void is 70 degree, and 64.97 degree follow from wetting.adhesion"),
        ("check wet.yaml", INPUT, "a contact angle of 0 degree .cosine 1.3"),
    ],
    "command line": [
        ("", INPUT, "nothing to do.*--help"),
        ("rum deck.yaml", INPUT, "unknown command 'rum'"),
        ("RUN deck.yaml", INPUT, "unknown command 'RUN'"),
        ("deck.yaml", INPUT, "unknown command 'deck.yaml'; to run a deck, put 'run' before it"),
        ("check deck.yaml alloy.potassium=70 wt%", INPUT,
         "instead of 'wt%'; put a value with blanks in quotes"),
        ("run", INPUT, "no deck"),
        ("check", INPUT, "no deck"),
        ("phases", INPUT, "no material"),
        ("drt", INPUT, "no file"),
        ("run --no-such-option deck.yaml", INPUT, "unknown option '--no-such-option'"),
        ("run -x deck.yaml", INPUT, "unknown option '-x'"),
        ("run deck.yaml other.yaml", INPUT, "expected KEY=VALUE instead of 'other.yaml'"),
        ("check deck.yaml --dry-run", INPUT, "only run has the option '--dry-run'"),
        ("check deck.yaml --replace", INPUT, "only run, impedance and phases .*'--replace'"),
        ("check --restart runs/x", INPUT, "only run has the option '--restart'"),
        ("check deck.yaml --walltime '1 h'", INPUT, "only run has the option '--walltime'"),
        ("run --restart runs/x --replace", OUTPUT, "runs/x"),
        ("run --restart", INPUT, "a value must follow"),
        ("run deck.yaml --new-physics", INPUT, "this is for --restart: '--new-physics'"),
        ("run deck.yaml --walltime soon", INPUT, "not 'soon'"),
        ("run deck.yaml --walltime 0s", INPUT, "a wall time is like"),
        ("run deck.yaml --walltime -5", INPUT, "a wall time is like"),
        ("run deck.yaml --walltime 5", INPUT, "a wall time is like"),
        ("run deck.yaml --walltime nan", INPUT, "a wall time is like"),
        ("run deck.yaml --walltime=", INPUT, "a value must follow"),
        ("run --walltime", INPUT, "a value must follow"),
        ("--help-deck=klingon", INPUT, "unknown format '--help-deck=klingon'"),
        ("--help", DONE, "nakfield run"),
        ("run --help", DONE, "nakfield run"),
        ("--help-deck", DONE, "interphase.limiting_current"),
        ("--version", DONE, r"nakfield \d+\.\d+\.\d+"),
        ("--help-deck=markdown", DONE, r"\|.*limiting_current"),
        ("check a=b.yaml", OUTPUT, "cannot open the deck a=b.yaml"),
        ("check ''", OUTPUT, "cannot open the deck"),
        ("run --dry-run deck.yaml", DONE, "unknowns"),
    ],
    "size and time": [
        ("run deck.yaml 'grid={nx: 65536, ny: 65536}'", INPUT, "lower grid.nx"),
        ("run deck.yaml 'protocol=[{repeat: 1000000000, "
         "steps: [{rest: 1 s, impedance: {every: 1 s}}]}]'",
         INPUT, "spectra"),
        ("run deck.yaml 'output.fields.every=1 ns'", INPUT, "frames"),
        ("run box.yaml box.nx=65536 box.ny=65536 box.nz=65536", INPUT, "lower box.nx"),
    ],
    "paths": [
        ("run missing.yaml", OUTPUT, r"missing\.yaml.*No such file"),
        ("run folder", OUTPUT, "is a directory"),
        ("run file/deck.yaml", OUTPUT, r"file/deck\.yaml.*Not a directory"),
        ("run loop", OUTPUT, "loop.*symbolic links"),
        ("run nowhere", OUTPUT, "nowhere: No such file"),
        ("check /dev/null", INPUT, "the deck is empty"),
        ("check /dev/zero", OUTPUT, "larger than 16 MiB"),
        ("run " + "x" * 300, OUTPUT, "File name too long"),
        ("run deck.yaml output.directory=file/run", OUTPUT, "cannot .*file"),
        ("run deck.yaml output.directory=file", OUTPUT, "file"),
        ("run deck.yaml output.directory=/dev/null/run", OUTPUT, "/dev/null"),
        ("run deck.yaml output.directory=/proc/run", OUTPUT, "/proc"),
        ("run deck.yaml output.directory=nowhere --quiet", OUTPUT, "nowhere"),
        ("run deck.yaml output.directory=" + "x" * 300, INPUT, "longer than 255 bytes"),
        ("run deck.yaml output.directory=" + "x/" * 100 + "y" * 55, DONE, None),
        ("run deck.yaml 'output.directory=a b/ü #1' --quiet", DONE, None),
        ("run deck.yaml output.directory=folder/../deep/er/est --quiet", DONE, None),
        ("run deck.yaml output.directory=linked --quiet", DONE, None),
        ("run deck.yaml output.directory=others --quiet", OUTPUT, "others.*--replace"),
        ("run 'with blank.yaml' --quiet", DONE, None),
    ],
    "environment": [
        ("LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 check deck.yaml interphase.exponent=2.35", DONE,
         "no errors"),
        ("TZ=Nowhere/City run deck.yaml --quiet", DONE, None),
        ("HOME= TMPDIR=/nowhere run deck.yaml --quiet", DONE, None),
        ("NAKFIELD_MATERIALS=/nowhere check deck.yaml", DONE, "no errors"),
        ("NAKFIELD_MATERIALS=/nowhere check deck.yaml alloy.system=Unknown", INPUT,
         "no such material in the folder of the deck, /nowhere or"),
        ("UDUNITS2_XML_PATH=/nowhere check deck.yaml", OUTPUT,
         "database of units.*UDUNITS2_XML_PATH"),
        ("PETSC_OPTIONS=-no_such_option run deck.yaml --quiet", DONE,
         "no_such_option was not used"),
    ],
    "ranks": [
        ("2:check deck.yaml grid.mx=3", INPUT,
         "^(?s:(?!.*did you mean.*did you mean).*did you mean)"),
        ("3:run deck.yaml --quiet", DONE, None),
        ("2:run missing.yaml", OUTPUT, "No such file"),
        ("2:rum", INPUT, "unknown command 'rum'"),
        ("2:run deck.yaml output.directory=file/run", OUTPUT, "file"),
    ],
    "materials": [
        ("check NaK.yaml", DONE, "no errors"),  # a deck, and no material
        ("check deck.yaml alloy.system=Empty", INPUT, "Empty.yaml"),
        ("check deck.yaml alloy.system=Cut", INPUT, "Cut.yaml"),
        ("check deck.yaml alloy.system=folder", INPUT, "no such material|folder"),
        ("check deck.yaml alloy.system=Gap alloy.temperature=391 K", INPUT,
         "expected KEY=VALUE instead of 'K'"),
        ("check deck.yaml alloy.system=Gap 'alloy.temperature=391 K'", DONE, "no errors"),
        ("check deck.yaml alloy.system=Gap 'alloy.temperature=390.8 K'", INPUT,
         "the liquid of NaK separates into two.*raise alloy.temp"),
        ("check deck.yaml alloy.system=deck", INPUT, "no such material"),
        ("phases Unknown", OUTPUT, "no material Unknown"),
        ("phases deck.yaml", OUTPUT, "is not taken for the material.*it has no entry A"),
        ("phases Bare", INPUT, "Bare.yaml:.*it needs a unit, for example 132.9 g/mol"),
        ("phases Light", INPUT, "Light.yaml:.*molar_mass"),
        ("phases Three", INPUT, r"Three.yaml:\d+:\d+: a material is made of two metals, A and B"),
        ("check deck.yaml alloy.system=GaIn", INPUT, "GaIn has a phase diagram only, nakfield phases GaIn: "),
    ],
    "spectra": [
        ("drt missing.csv", OUTPUT, "missing.csv: No such file"),
        ("drt folder", INPUT, "folder is not a regular file"),
        ("drt /dev/zero", INPUT, "/dev/zero is not a regular file"),
        ("drt empty.csv", INPUT, "empty.csv: no line names the columns"),
        ("drt names.csv", INPUT, "names.csv:2: no row of numbers"),
        ("drt plain.csv", INPUT, "plain.csv: no line names the columns"),
        ("drt deck.yaml", INPUT, "deck.yaml: no line names the columns"),
        ("drt timeseries.csv", INPUT, "timeseries.csv: no line names the columns"),
        ("drt units.csv", INPUT, "units.csv:2: the column of the frequency has no unit"),
        ("drt lacking.csv", INPUT, "lacking.csv:1: this line of names lacks: imaginary part"),
        ("drt twice.csv", INPUT, "twice.csv:1: two columns are a real part"),
        ("drt two.csv", INPUT, "at least 3 are needed"),
        ("drt nan.csv", INPUT, "nan.csv:3: the real part in column 2 is 'nan': it is not finite"),
        ("drt huge.csv", INPUT, "huge.csv:3: .* '1e400': it is not finite"),
        ("drt negative.csv", INPUT, "negative.csv:2: a frequency of -10000 Hz; it must be above 0"),
        ("drt gap.csv", INPUT, "gap.csv:4: .*correct it, or start it with #"),
        ("drt good.csv", DONE, "beyond all relaxation: 9.434587"),
        ("drt crlf.csv", DONE, "beyond all relaxation: 9.434587"),
        ("drt ascending.csv", DONE, "beyond all relaxation: 9.434587"),
        ("drt index.csv", DONE, "beyond all relaxation: 9.434587"),
        ("drt minus.txt", DONE, "beyond all relaxation: 9.434587"),
        ("drt commas.txt", DONE, "beyond all relaxation: 9.434587"),
        ("drt good.csv impedance.lambda=-1", INPUT, "impedance.lambda is -1: it must be between"),
        ("drt good.csv grid.nx=4", INPUT, "unknown key 'grid'"),
    ],
}

POINTS = [(f, 10 + 100 / (1 + (f / 100) ** 2), -100 * (f / 100) / (1 + (f / 100) ** 2))
          for f in (10 ** (4 - k / 4) for k in range(21))]
ROWS = [f"{f:.6g},{re:.6g},{im:.6g}" for f, re, im in POINTS]
NAMES = "freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm"
MINUS = ["freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm", *(f"{f:.6g}\t{re:.6g}\t{-im:.6g}" for f, re, im in POINTS)]


def lines(*rows):
    return "\n".join(rows) + "\n"


# What lies in the folder of COMMANDS, besides deck.yaml; None is a folder, a Path a link there.
FILES = {
    "folder": None, "file": "x", "loop": Path("loop"), "nowhere": Path("not/here"), "real": None,
    "linked": Path("real"),
    "others/log.txt": "somebody else's\n", "with blank.yaml": REST,
    "NaK.yaml": REST, "Empty.yaml": "", "Cut.yaml": MATERIAL[:len(MATERIAL) // 2], "Gap.yaml": GAP,
    "Bare.yaml": re.sub("molar_mass: .*", "molar_mass: 132.9", MATERIAL, count=1),
    "Light.yaml": MATERIAL.replace("molar_mass: ", "molar_mass: -", 1),
    "void.yaml": WETTED.format("185", ", angle_void: 70 degree"), "wet.yaml": WETTED.format("300", ""),
    "Three.yaml": MATERIAL + "C: {symbol: Sn}\n", "box.yaml": "model: cahn_hilliard\n",
    "empty.csv": "", "names.csv": lines(NAMES), "plain.csv": lines(*ROWS),
    "timeseries.csv": lines("time_s,step,voltage_V", "0,0,1"),
    "units.csv": lines("freq,Re(Z),Im(Z)", *ROWS), "lacking.csv": lines("freq/Hz,Re(Z)/Ohm", *ROWS),
    "twice.csv": lines("freq/Hz,Re(Z)/Ohm,Re(Z)/Ohm,Im(Z)/Ohm", *ROWS),
    "two.csv": lines(NAMES, *ROWS[:2]), "nan.csv": lines(NAMES, ROWS[0], "1000,nan,-1", ROWS[3]),
    "huge.csv": lines(NAMES, ROWS[0], "1e400,1,1"), "negative.csv": lines(NAMES, "-" + ROWS[0]),
    "gap.csv": lines(NAMES, *ROWS[:2], "stop", *ROWS[2:]), "good.csv": lines(NAMES, *ROWS),
    "crlf.csv": lines(NAMES, *ROWS).replace("\n", "\r\n"),
    "ascending.csv": lines(NAMES, *ROWS[::-1]), "minus.txt": lines(*MINUS),
    "commas.txt": lines(*MINUS).replace(".", ","),
    "index.csv": lines("#," + NAMES, *(f"{k},{row}" for k, row in enumerate(ROWS))),
}


# ---- A finished run that something happens to: (what, command, status, words) ----

def flip(path):
    """One bit of the middle."""
    def happen(run):
        whole = bytearray((run / path).read_bytes())
        whole[len(whole) // 2] ^= 1
        (run / path).write_bytes(whole)
    return happen


def cut(path):
    return lambda run: os.truncate(run / path, (run / path).stat().st_size // 2)


def remove(path):
    return lambda run: shutil.rmtree(run / path) if (run / path).is_dir() else (run / path).unlink()


def fill(path, text):
    def happen(run):
        (run / path).write_text(text, encoding="utf-8")
    return happen


def lock(run):
    """As another process that writes to it would; released when the file is forgotten."""
    file = open(run / "log.txt", "a", encoding="utf-8")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def enter(run):
    """As another process that is about to write to it."""
    folder = os.open(run, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    return types.SimpleNamespace(close=lambda: os.close(folder))


def empty(run):
    shutil.rmtree(run)
    run.mkdir()


def replace_by_folder(path):
    def happen(run):
        (run / path).unlink()
        (run / path).mkdir()
    return happen


CHECKPOINT = "checkpoint/000000.h5"
RESTART = "run --restart run --quiet"
DAMAGE = [
    (None, "run --restart run", DONE, "is complete"),
    (None, "run --restart run grid.nx=4", DONE, "is complete"),
    (None, "3:run --restart run", DONE, "is complete"),
    (None, "run deck.yaml output.directory=run", OUTPUT, "--replace"),
    (None, "run deck.yaml output.directory=run --replace --quiet", DONE, None),
    (None, "run --restart nowhere", OUTPUT, "nowhere"),
    (empty, "run --restart run", OUTPUT, "a run directory has resolved.yaml, log.txt and checkpoint"),
    (enter, "run deck.yaml output.directory=run --replace", OUTPUT, "another nakfield is writing"),
    (fill("summary.json", "{"), "run --restart run", OUTPUT, "--replace"),
    (remove("summary.json"), "run --restart run", OUTPUT, "--replace"),
    (remove("resolved.yaml"), "run --restart run", OUTPUT, "resolved.yaml"),
    (fill("resolved.yaml", "{"), "run --restart run", INPUT, "resolved.yaml:2:1: YAML"),
    (fill("resolved.yaml", ""), "run --restart run", INPUT, "the deck is empty"),
    (lock, "run deck.yaml output.directory=run --replace", OUTPUT, "another"),
]

# The same of a run that was stopped in its course.
STOPPED = [
    (None, RESTART, DONE, None),
    (None, "2:run --restart run --quiet", DONE, None),
    (None, RESTART + " grid.nx=4", INPUT, "grid"),
    (None, RESTART + " 'alloy.potassium=60 wt%'", INPUT, "alloy.potassium.*--new-physics"),
    (None, RESTART + " 'alloy.potassium=60 wt%' --new-physics", DONE, None),
    (None, RESTART + " grid.alloy_layers=60 --new-physics", INPUT, "keeps its grid, also with --new-ph"),
    (None, RESTART + " 'protocol.0.for=2 s'", DONE, None),
    (lock, RESTART, OUTPUT, "another"),
    (flip(CHECKPOINT), RESTART, OUTPUT, "damaged"),
    (cut(CHECKPOINT), RESTART, OUTPUT, "damaged"),
    (fill(CHECKPOINT, "garbage"), RESTART, OUTPUT, "damaged"),
    (replace_by_folder(CHECKPOINT), RESTART, OUTPUT, CHECKPOINT),
    (remove("timeseries.csv"), RESTART, OUTPUT, "timeseries.csv"),
    (fill("timeseries.csv", ""), RESTART, OUTPUT, "timeseries.csv"),
    (remove("fields/000000.h5"), RESTART, OUTPUT, "fields/000000.h5"),
    (fill("fields.h5", "garbage"), RESTART, DONE, None),
    (remove("log.txt"), RESTART, OUTPUT, "run/log.txt: No such file"),
    (fill("summary.json", "{"), RESTART, DONE, None),
    (remove("fields"), RESTART, OUTPUT, "fields"),
]
