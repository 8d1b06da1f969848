"""What nakview's filters do, by VTK and numpy alone: pvbatch runs this on ranks without a client.
"""
import nakdata
import numpy as np
from nakfield.moment import HALF, LEAST_CURRENT, is_sharp
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData


def array_of(mesh, name):
    """A cell array as numpy's."""
    return vtk_to_numpy(nakdata.wanted(mesh, name))


def axes_of(mesh):
    """Faces of the cells in x, y, z."""
    return [vtk_to_numpy(axis) for axis in (mesh.GetXCoordinates(), mesh.GetYCoordinates(), mesh.GetZCoordinates())]


def points_of(places):
    """VTK's points at places [n, 3]."""
    points = vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(places, dtype=float), deep=1))
    return points


def cells_of(corners):
    """VTK's cells of the same number of corners, [n, corners]."""
    cells = vtkCellArray()
    with_counts = np.insert(corners.astype(np.int64), 0, corners.shape[1], axis=1)
    cells.SetCells(len(corners), numpy_to_vtkIdTypeArray(with_counts.ravel(), deep=1))
    return cells


def add_grains(made, surface, grid):
    """By Voronoi cells of the centres of cells that are in a grain."""
    from vtkmodules.vtkFiltersPoints import vtkPointInterpolator, vtkVoronoiKernel
    number = array_of(grid, "grain").astype(float)
    there = number > HALF
    if surface is None or surface.GetNumberOfPoints() == 0 or not there.any():
        return
    centres = np.meshgrid(*(0.5 * (axis[1:] + axis[:-1]) for axis in axes_of(grid)[::-1]), indexing="ij")
    source, array = vtkPolyData(), numpy_to_vtk(number[there], deep=1)
    array.SetName("grain")
    source.SetPoints(points_of(np.stack([centre.ravel() for centre in centres[::-1]], axis=1)[there]))
    source.GetPointData().AddArray(array)
    nearest = vtkPointInterpolator()
    nearest.SetInputData(surface)
    nearest.SetSourceData(source)
    nearest.SetKernel(vtkVoronoiKernel())
    nearest.PassPointArraysOff()  # the contour's own means
    nearest.Update()
    made.ShallowCopy(nearest.GetOutput())
    made.GetPointData().SetNormals(surface.GetPointData().GetNormals())


def add_focusing(made, face):
    """As nakfield.moment does it, over all ranks."""
    from vtkmodules.vtkFiltersGeometry import vtkDataSetSurfaceFilter
    current, contact = array_of(face, "current"), array_of(face, "contact")
    touching = contact > HALF
    flow, area = nakdata.over_ranks([(current * contact)[touching].sum(), contact[touching].sum()], nakdata.SUM)
    mean = flow / area if area > 0 else 0.0
    ratio = current / mean if abs(0.1 * mean) > LEAST_CURRENT else np.ones_like(current)
    array = numpy_to_vtk(np.where(touching, ratio, np.nan), deep=1)
    array.SetName("focusing")
    more, plane = face.NewInstance(), vtkDataSetSurfaceFilter()
    more.ShallowCopy(face)
    more.GetCellData().AddArray(array)
    plane.SetInputData(more)  # which has cells in another order
    plane.Update()
    made.ShallowCopy(plane.GetOutput())


def add_contact_line(made, face, height):
    """Along the sides of cells where contact is all or nothing; on the first rank."""
    axes, arrays = nakdata.whole(face)
    if arrays:
        there = arrays["contact"][0]
        made.ShallowCopy((sides_of if is_sharp(there) else contour_of)(*axes[:2], there, height))


def contour_of(x, y, contact, height):
    """Between the centres of cells."""
    from vtkmodules.vtkCommonDataModel import vtkRectilinearGrid
    from vtkmodules.vtkFiltersCore import vtkContourFilter
    grid, line, centres = vtkRectilinearGrid(), vtkContourFilter(), [0.5 * (ends[1:] + ends[:-1]) for ends in (x, y)]
    grid.SetDimensions(len(centres[0]), len(centres[1]), 1)
    grid.SetXCoordinates(numpy_to_vtk(centres[0], deep=1))
    grid.SetYCoordinates(numpy_to_vtk(centres[1], deep=1))
    grid.SetZCoordinates(numpy_to_vtk(np.array([height]), deep=1))
    grid.GetPointData().SetScalars(numpy_to_vtk(contact.ravel(), deep=1))
    line.SetInputData(grid)
    line.SetValue(0, HALF)
    line.Update()
    return line.GetOutput()


def sides_of(x, y, contact, height):
    """Sides of cells between contact and none."""
    there = contact > HALF
    j, i = np.nonzero(there[:, 1:] != there[:, :-1])
    ends = [np.stack([x[i + 1], y[j], x[i + 1], y[j + 1]], axis=1)]
    j, i = np.nonzero(there[1:] != there[:-1])
    ends.append(np.stack([x[i], y[j + 1], x[i + 1], y[j + 1]], axis=1))
    made, places = vtkPolyData(), np.insert(np.concatenate(ends).reshape(-1, 2), 2, height, axis=1)
    made.SetPoints(points_of(places))
    made.SetLines(cells_of(np.arange(len(places)).reshape(-1, 2)))
    return made


def add_pillars(made, face, array, factor, share, least):
    """Sides and ends of the boxes."""
    x, y, _ = axes_of(face)
    values = array_of(face, array).reshape(len(y) - 1, len(x) - 1)
    j, i = np.nonzero(values > least)
    high = 0.5 * factor * values[j, i]
    centre = np.stack([0.5 * (x[i] + x[i + 1]), 0.5 * (y[j] + y[j + 1]), high], axis=1)
    half = np.stack([0.5 * share * (x[i + 1] - x[i]), 0.5 * share * (y[j + 1] - y[j]), np.abs(high)], axis=1)
    corners = np.array([[a, b, c] for c in (-1, 1) for b in (-1, 1) for a in (-1, 1)])
    sides = np.array([[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]])
    made.SetPoints(points_of((centre[:, None] + half[:, None] * corners).reshape(-1, 3)))
    made.SetPolys(cells_of((8 * np.arange(len(i))[:, None, None] + sides).reshape(-1, 4)))
