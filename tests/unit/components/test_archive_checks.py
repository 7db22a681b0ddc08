"""What a function's archive may hold."""

from pathlib import Path

import pytest

from components.archive_checks import (
    UNZIPPED_BUDGET_BYTES,
    PackagingError,
    Target,
    check_compiled_files,
    check_models,
    check_onnxruntime,
    check_size,
)

pytestmark = pytest.mark.unit

ARM = Target(python_version="3.13", architecture="arm64", machine=False)
X86 = Target(python_version="3.12", architecture="x86_64", machine=False)
MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}
MB = 1_000_000


def elf(path: Path, machine: str) -> Path:
    """A file that starts as a shared object for `machine` does."""
    header = b"\x7fELF" + bytes(14) + MACHINES[machine].to_bytes(2, "little")
    path.write_bytes(header + bytes(44))
    return path


def test_compiled_files_of_the_target_are_accepted(tmp_path: Path) -> None:
    entries = {
        "numpy/_core/_multiarray_umath.cpython-313-aarch64-linux-gnu.so": elf(
            tmp_path / "a", "arm64"
        ),
        "_awscrt.abi3.so": elf(tmp_path / "b", "arm64"),
        "numpy.libs/libopenblas.so.0": elf(tmp_path / "c", "arm64"),
    }
    check_compiled_files(entries, ARM)


def test_x86_wheels_in_an_arm64_function_are_refused_by_name(tmp_path: Path) -> None:
    entries = {"onnxruntime/capi/ort.abi3.so": elf(tmp_path / "a", "x86_64")}
    with pytest.raises(PackagingError, match=r"onnxruntime/capi/ort\.abi3\.so \(for x86_64\)"):
        check_compiled_files(entries, ARM)


def test_wheels_of_another_python_are_refused_by_name(tmp_path: Path) -> None:
    name = "numpy/_core/_multiarray_umath.cpython-310-x86_64-linux-gnu.so"
    with pytest.raises(PackagingError, match=r"for python 3\.10"):
        check_compiled_files({name: elf(tmp_path / "a", "x86_64")}, X86)


@pytest.mark.parametrize("name", ["a/b.dylib", "a/b.pyd", "a/b.cpython-312-darwin.so"])
def test_files_of_another_operating_system_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xcf\xfa\xed\xfe" + bytes(60))
    with pytest.raises(PackagingError, match="not for Linux"):
        check_compiled_files({name: path}, X86)


def test_this_machines_own_files_are_accepted_whatever_its_system(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xcf\xfa\xed\xfe" + bytes(60))
    machine = Target(python_version="3.12", architecture="arm64", machine=True)
    check_compiled_files({"a/b.cpython-312-darwin.so": path}, machine)


def test_only_five_of_many_wrong_files_are_listed(tmp_path: Path) -> None:
    wrong = elf(tmp_path / "a", "x86_64")
    with pytest.raises(PackagingError, match="and 2 more"):
        check_compiled_files({f"a/{n}.so": wrong for n in range(7)}, ARM)


def test_a_numpy_without_its_compiled_core_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_text("")
    with pytest.raises(PackagingError, match="numpy is there without its compiled core"):
        check_compiled_files({"numpy/__init__.py": source}, X86)


def test_a_package_above_the_budget_is_refused_with_its_five_biggest_folders() -> None:
    sizes = {f"folder{n}/file": (40 + n) * MB for n in range(6)}
    with pytest.raises(PackagingError) as caught:
        check_size("predict", sizes)
    text = str(caught.value)
    assert "predict has 255 MB unzipped; at most 225 MB fit" in text
    assert text.index("folder5 45 MB") < text.index("folder1 41 MB")
    assert "folder0" not in text


def test_a_package_at_the_budget_passes() -> None:
    check_size("predict", {"a/file": UNZIPPED_BUDGET_BYTES})
    with pytest.raises(PackagingError):
        check_size("predict", {"a/file": UNZIPPED_BUDGET_BYTES + 1})


def test_a_model_does_not_travel_with_the_code(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(bytes(10 * MB))
    check_models({"a/model.onnx": model})
    model.write_bytes(bytes(10 * MB + 1))
    with pytest.raises(PackagingError, match=r"a/model\.onnx has 10000001 bytes"):
        check_models({"a/model.onnx": model})


def test_an_onnxruntime_that_may_abort_on_arm64_is_refused_by_version(tmp_path: Path) -> None:
    old = {"onnxruntime-1.31.2.dist-info/METADATA": tmp_path}
    with pytest.raises(PackagingError, match=r"onnxruntime 1\.31"):
        check_onnxruntime(old, ARM)
    check_onnxruntime(old, X86)
    check_onnxruntime({"onnxruntime-1.32.0.dist-info/METADATA": tmp_path}, ARM)
    check_onnxruntime({"onnxruntime-2.0.0.dist-info/METADATA": tmp_path}, ARM)
