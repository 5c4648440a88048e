"""The exporter as a Python package, built and installed without network."""

import pathlib
import tarfile
import zipfile

import installing
import pytest
from harness import schema
from harness.mitmdump import HERE
from visits import running, visit

# What is made first, where script/bootstrap has not made it, takes its time.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    return installing.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """The `bin` folder of an environment with nothing but the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    installing.run(installing.TOOLS / "python", "-m", "venv", folder)
    installing.run(folder / "bin" / "pip", "install", "--no-index", wheel)
    return folder / "bin"


def test_a_wheel_holds_the_exporter_and_its_command_alone(wheel):
    files = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    names = ["__init__.py", "command.py", "mitmflow_exporter.py", "_mitmflow.abi3.so"]
    assert files == {f"mitmflow_exporter/{name}" for name in names}


def test_its_version_is_the_projects(wheel, installed):
    version = installing.project_version()
    assert wheel.name.startswith(f"mitmflow_exporter-{version}-")
    assert installing.run(installed / "mitmflow-exporter", "--version") == version


def test_a_wheel_fits_every_later_python(wheel):
    assert "-abi3-" in wheel.name


def test_the_command_names_the_addon_with_its_library_beside_it(installed, tmp_path):
    told = installing.run(installed / "mitmflow-exporter", "path", cwd=tmp_path)
    path = pathlib.Path(told)
    assert path.is_absolute() and path.name == "mitmflow_exporter.py" and path.exists()
    assert path.with_name("_mitmflow.abi3.so").exists()


def test_a_mitmdump_of_another_environment_loads_it(
    installed, server, origin, origin_certificate, tmp_path
):
    path = installing.run(installed / "mitmflow-exporter", "path")
    with running(
        HERE[-1], path, origin, origin_certificate, server.url, tmp_path / "conf"
    ) as proxy:
        visit(proxy, origin, server)


def test_a_source_package_can_be_configured_by_itself(tmp_path):
    if not (schema.ROOT / ".git").exists():
        pytest.skip("it is made of what git has, and this is no clone")
    sdist = installing.build_sdist(tmp_path)
    assert sdist.name == f"mitmflow_exporter-{installing.project_version()}.tar.gz"
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path)
    source = tmp_path / sdist.name.removesuffix(".tar.gz")
    installing.run("meson", "setup", "-Dserver=false", tmp_path / "build", source)
