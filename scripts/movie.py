#!/usr/bin/env python3
"""Make a film of a run's pictures.

Usage: movie.py RUNDIR/insitu/interface_*.png -o FILM [--rate N].  FILM ends in .mp4 (needs ffmpeg) or
.gif (needs Pillow).  The pictures are taken in the order of their names, N a second (10).
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

LONGEST_ERROR = 2000  # characters of what ffmpeg says


def fail(message):
    """Leave with a message."""
    sys.exit(f"movie.py: {message}")


def make_mp4(pictures, film, rate):
    """H.264 as every player reads it; sides must be even."""
    if shutil.which("ffmpeg") is None:
        fail("there is no ffmpeg: install it (scripts/setup.sh --insitu), or ask for a .gif")
    with tempfile.TemporaryDirectory() as folder:
        for k, picture in enumerate(pictures):
            pathlib.Path(folder, f"{k:06d}{picture.suffix}").symlink_to(picture.resolve())
        done = subprocess.run(
            ["ffmpeg", "-y", "-loglevel", "error", "-framerate", str(rate),
             "-i", f"{folder}/%06d{pictures[0].suffix}", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2",
             "-c:v", "libx264", "-pix_fmt", "yuv420p", str(film)],
            capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(f"ffmpeg failed: {done.stderr[-LONGEST_ERROR:]}")


def make_gif(pictures, film, rate):
    """An animation that repeats for ever."""
    try:
        from PIL import Image
    except ImportError:
        fail("there is no Pillow: install python3-pil, or ask for an .mp4")
    frames = [Image.open(picture).convert("P", palette=Image.Palette.ADAPTIVE) for picture in pictures]
    frames[0].save(film, save_all=True, append_images=frames[1:], duration=round(1000 / rate), loop=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("pictures", nargs="+", type=pathlib.Path)
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    parser.add_argument("--rate", type=float, default=10, help="pictures a second")
    given = parser.parse_args()
    makers = {".mp4": make_mp4, ".gif": make_gif}
    missing = [str(picture) for picture in given.pictures if not picture.is_file()]
    if missing:
        fail(f"there is no {missing[0]}: did the run make pictures?")
    if given.output.suffix not in makers:
        fail(f"{given.output}: a film ends in .mp4 or .gif")
    if given.rate <= 0:
        fail("--rate must be above 0")
    makers[given.output.suffix](sorted(given.pictures), given.output, given.rate)
    print(f"{given.output}: {len(given.pictures)} pictures")


if __name__ == "__main__":
    main()
