"""Files of figures: their size, style and formats as the user of a script wants them."""
import argparse
import sys

LIKENESS = 0.96  # structural similarity of equal pictures: fonts and edges differ between renderers


def numbers(text, separator, count, example):
    """Numbers of an option."""
    try:
        found = tuple(float(part) for part in text.split(separator))
    except ValueError:
        found = ()
    if len(found) != count:
        raise argparse.ArgumentTypeError(f"'{text}' is not like {example}")
    return found


def span(text):
    return numbers(text, ":", 2, "0:600")


def size(text):
    return tuple(length / 2.54 for length in numbers(text, "x", 2, "8.5x6 (cm)"))


def words(text):
    return text.split(",")


def add_options(parser):
    """Those that all scripts have."""
    parser.add_argument("-o", dest="stem", metavar="STEM", help="output files without the suffix")
    parser.add_argument("--size", type=size, metavar="WIDTHxHEIGHT", help="of the figure, in cm")
    parser.add_argument("--style", help="a style of matplotlib, or a file of one")
    parser.add_argument(
        "--formats",
        type=words,
        default=["png", "pdf"],
        metavar="png,svg,...",
        help="of the files (png,pdf)",
    )


def pyplot(args):
    """matplotlib's, in the style wanted."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 8, "pdf.fonttype": 42, "agg.path.chunksize": 20000})
    plt.rcParams.update({"axes.grid": True, "grid.color": "0.9", "axes.axisbelow": True})
    plt.rcParams.update({"axes.formatter.useoffset": False})
    if args.style:
        try:
            plt.style.use(args.style)
        except OSError as error:
            sys.exit(f"{parser_name()}: {error}")
    return plt


def parser_name():
    return sys.argv[0].rpartition("/")[2]


def save(figure, stem, formats):
    """Write the picture in all formats, and say where it is."""
    for suffix in formats:
        path = f"{stem}.{suffix}"
        try:
            figure.savefig(path, dpi=200)
        except (OSError, ValueError) as error:
            sys.exit(f"{parser_name()}: cannot write {path}: {getattr(error, 'strerror', error)}")
        print(path)


def likeness(picture, reference):
    """Structural similarity of two pictures of the same size, the mean over colours; 1 where they
    are equal.
    """
    from skimage import io, metrics

    mine, theirs = (io.imread(path)[..., :3] for path in (picture, reference))
    return metrics.structural_similarity(mine, theirs, channel_axis=-1) if mine.shape == theirs.shape else 0.0
