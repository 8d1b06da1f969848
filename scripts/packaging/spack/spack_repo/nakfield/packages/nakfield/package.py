"""Recipe for Spack 1.0 or later; docs/install.md says how to use it, and what was never tried."""

from pathlib import Path

from spack_repo.builtin.build_systems.cmake import CMakePackage, generator

from spack.package import *


class Nakfield(CMakePackage):
    """nakfield computes how a liquid sodium-potassium anode works, and fails,
    on a NASICON electrolyte: diffusion, phase fields, voids, filaments."""

    # The clone that this recipe lies in; an exported tree is for `spack develop`.
    git = Path(__file__).resolve().parents[7].as_uri()

    license("BSD-2-Clause")

    version("main", branch="main")

    variant("python", default=True, description="Studies, fits, reports and plots")
    variant("insitu", default=False, description="Pictures by legacy Catalyst of ParaView")
    variant("catalyst", default=False, description="Pictures by Catalyst 2")
    variant(
        "completion", default=True, description="Completion for bash, made by running the program"
    )

    depends_on("c", type="build")
    depends_on("cxx", type="build", when="+insitu")
    depends_on("cmake@3.20:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("random123", type="build")
    depends_on("python@3.9:", type="build")
    depends_on("cmocka", type="test")

    depends_on("mpi")
    depends_on("petsc@3.18: +mpi +double ~complex")
    depends_on("hdf5@1.10,1.14 +mpi")
    depends_on("libyaml")
    depends_on("openssl")
    depends_on("udunits")
    depends_on("xxhash@0.8:")

    with when("+python"):
        depends_on("python@3.9:", type="run")
        depends_on("py-numpy", type="run")
        depends_on("py-scipy", type="run")
        depends_on("py-pyyaml", type="run")
        depends_on("py-h5py", type="run")
        depends_on("py-matplotlib", type="run")

    depends_on("paraview@5.9: +catalyst +development_files +mpi +python +shared", when="+insitu")
    depends_on("python@3.9:", type=("build", "link", "run"), when="+insitu")
    depends_on("libcatalyst@2: +mpi", when="+catalyst")

    generator("ninja")

    def cmake_args(self):
        """Nothing is used because it happens to be there."""
        args = [
            self.define("NAK_IN_PLACE", False),
            self.define("NAK_WERROR", False),
            self.define_from_variant("NAK_INSITU", "insitu"),
            self.define_from_variant("NAK_COMPLETION", "completion"),
            self.define("BUILD_TESTING", self.run_tests),
            self.define("CMAKE_DISABLE_FIND_PACKAGE_catalyst", self.spec.satisfies("~catalyst")),
        ]
        if self.spec.satisfies("+insitu"):
            args.append(self.define("ParaView_ROOT", self.spec["paraview"].prefix))
        return args

    def check(self):
        """The unit tests; all else wants packages for Python, and half an hour."""
        with working_dir(self.build_directory):
            ctest("-L", "unit", "--output-on-failure")

    def test_installation(self):
        """a run, phases and a restart; with Python a study and a plot"""
        smoke = which(join_path(self.prefix.share.nakfield, "smoke"), required=True)
        options = [f"--{name}" for name in ("python", "insitu") if self.spec.satisfies(f"+{name}")]
        out = smoke(*options, str(self.prefix), output=str.split, error=str.split)
        assert "smoke: all passed" in out
