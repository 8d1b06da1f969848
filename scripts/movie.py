#!/usr/bin/env python3
"""Make a film of a run's pictures.

Usage: movie.py RUNDIR/insitu/interface_*.png -o FILM [--rate N] [--pace events].  FILM ends in .mp4
(needs ffmpeg) or .gif.  The pictures are taken in the order of their names, on average N a second
(10).

With --pace events the film is slow where something happens: it goes by the change of voltage,
contact, deposit and filament in RUNDIR's table as much as by time.  A strip below the pictures
shows where in the film and in the run they are.  The pictures must know their times, as those of
scripts/catalyst do.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

LONGEST_ERROR = 2000  # characters of what ffmpeg says
STRIP = 0.13  # height of the strip over that of a picture
TOLD_BY = ("voltage_V", "contact_fraction", "deposit_nm_max", "filament_um_max")
SHORTEST = 0.02  # of a picture [s]


def fail(message):
    """Leave with a message."""
    sys.exit(f"movie.py: {message}")


# ---- Pace ----

def read_times(pictures):
    """When each picture was taken [s]."""
    from PIL import Image
    texts = [Image.open(picture).info.get("time_s") for picture in pictures]
    if None in texts:
        fail(f"{pictures[texts.index(None)]} has no time: make it again, or leave out --pace")
    return [float(text) for text in texts]


def read_run(pictures):
    """The run whose folder `insitu` has the pictures."""
    import nakfield
    try:
        run = nakfield.Run(pictures[0].resolve().parent.parent)
        return run, run.table
    except nakfield.ReadError as error:
        fail(f"{error}; without --pace a film needs pictures only")


def progress(table):
    """Time of each row [s] and how far the film is then, from 0 to 1: the length of the way through
    time and what tells events, each over its range."""
    import numpy as np
    time = table["time_s"]
    steps = np.zeros(time.size - 1)
    for name in ("time_s", *(name for name in TOLD_BY if name in table)):
        span = np.ptp(table[name])
        steps += np.abs(np.diff(table[name])) / span if span > 0 else 0
    way = np.concatenate([[0.0], np.cumsum(steps)])
    return time, way / way[-1]


def paced(pictures, rate):
    """How long each picture is shown [s], and where each is in the film, from 0 to 1."""
    import numpy as np
    run, table = read_run(pictures)
    times = read_times(pictures)
    if len(times) < 2 or times[-1] <= times[0]:
        fail("--pace needs pictures of several times")
    time, way = progress(table)
    last = np.searchsorted(time, np.array(times) * (1 + 1e-12), side="right") - 1  # of two rows at a time
    places = np.clip(way[last], 0, 1)
    shown = np.diff(np.append(places, 1.0)) * len(pictures) / rate
    return np.maximum(shown, SHORTEST), places, (run, time, way, table)


# ---- The strip ----

def draw_strip(size, course):
    """Voltage, events and ticks of time over the film's own time; the picture, and where the axis
    begins and ends [px]."""
    import numpy as np
    from nakfield import panels
    from nakfield.draw import time_unit
    run, time, way, table = course
    figure = panels.figure_of(size)
    sheet = panels.Sheet(figure, "")
    left, right = 0.08 * size[0], 0.97 * size[0]
    axis = sheet.axes(left, 0.1 * size[1], right - left, 0.5 * size[1])
    axis.plot(way, table["voltage_V"], color=panels.INK, linewidth=1)
    for event in run.events:
        axis.axvline(np.interp(event["time_s"], time, way), color=panels.PALE, linewidth=1, linestyle=":")
    divisor, unit = time_unit(time[-1])
    marks = np.interp(np.linspace(0, 1, 9), way, time)
    axis.set_xticks(np.linspace(0, 1, 9), [f"{mark / divisor:.3g}" for mark in marks])
    axis.set_xlim(0, 1)
    axis.set_yticks([])
    axis.set_ylabel("V", fontsize=sheet.font(12), rotation=0, labelpad=10)
    axis.set_xlabel(unit, fontsize=sheet.font(12), labelpad=1)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3], left, right


def with_strip(pictures, places, course, folder):
    """Pictures with the strip and a mark where they are."""
    import numpy as np
    from PIL import Image
    made = []
    strip = None
    for k, (picture, place) in enumerate(zip(pictures, places)):
        image = np.asarray(Image.open(picture).convert("RGB"))
        if strip is None:
            size = (image.shape[1], round(STRIP * image.shape[0]))
            strip, left, right = draw_strip(size, course)
        below = strip.copy()
        at = round(left + place * (right - left))
        below[round(0.1 * len(strip)):round(0.6 * len(strip)), at - 1:at + 2] = (213, 94, 0)
        made.append(pathlib.Path(folder, f"{k:06d}.png"))
        Image.fromarray(np.concatenate([image, below])).save(made[-1], compress_level=1)
    return made


# ---- Files ----

def make_mp4(pictures, film, durations):
    """H.264 as every player reads it; sides must be even."""
    if shutil.which("ffmpeg") is None:
        fail("there is no ffmpeg: install it (scripts/setup.sh --insitu), or ask for a .gif")
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "list")
        links = [pathlib.Path(folder, f"{k:06d}{picture.suffix}") for k, picture in enumerate(pictures)]
        for link, picture in zip(links, pictures):
            link.symlink_to(picture.resolve())
        lines = [f"file '{link}'\nduration {duration:.6f}" for link, duration in zip(links, durations)]
        script.write_text("\n".join([*lines, f"file '{links[-1]}'\n"]), encoding="utf-8")  # or the last is short
        done = subprocess.run(
            ["ffmpeg", "-y", "-loglevel", "error", "-f", "concat", "-safe", "0", "-i", str(script),
             "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,fps=50", "-c:v", "libx264", "-pix_fmt", "yuv420p",
             "-t", f"{sum(durations):.6f}", str(film)],
            capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(f"ffmpeg failed: {done.stderr[-LONGEST_ERROR:]}")


def make_gif(pictures, film, durations):
    """An animation that repeats for ever."""
    from PIL import Image
    frames = [Image.open(picture).convert("P", palette=Image.Palette.ADAPTIVE) for picture in pictures]
    frames[0].save(film, save_all=True, append_images=frames[1:], duration=[round(1000 * d) for d in durations],
                   loop=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("pictures", metavar="PICTURE", nargs="+", type=pathlib.Path)
    parser.add_argument("-o", "--output", metavar="FILE", required=True, type=pathlib.Path,
                        help="the film, a .mp4 or a .gif")
    parser.add_argument("--rate", type=float, default=10, metavar="NUMBER", help="pictures a second (10)")
    parser.add_argument("--pace", choices=("even", "events"), default="even",
                        help="each picture as long as the others, or longer where much happens")
    given = parser.parse_args()
    makers = {".mp4": make_mp4, ".gif": make_gif}
    missing = [str(picture) for picture in given.pictures if not picture.is_file()]
    if missing:
        fail(f"there is no {missing[0]}: did the run make pictures?")
    if given.output.suffix not in makers:
        fail(f"{given.output}: the name of a film must end in .mp4 or .gif")
    if given.rate <= 0:
        fail("--rate must be above 0")
    pictures, durations = sorted(given.pictures), [1 / given.rate] * len(given.pictures)
    with tempfile.TemporaryDirectory() as folder:
        if given.pace == "events":
            durations, places, course = paced(pictures, given.rate)
            pictures = with_strip(pictures, places, course, folder)
        makers[given.output.suffix](pictures, given.output, durations)
    print(f"{given.output}: {len(pictures)} pictures, {sum(durations):.3g} s")


if __name__ == "__main__":
    try:
        main()
    except ImportError as error:
        fail(f"{error}: install python3-pil and python3-numpy")
