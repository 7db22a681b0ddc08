"""A model is judged before anything is uploaded, and every problem is told at once."""

import struct
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from contracts.protocol import TensorSpec
from model_images.limits import Limits
from model_images.onnx_check import Checked, check
from model_images.problems import Refused
from tests.tiny_models import linear, model, save, tensor

pytestmark = pytest.mark.unit

FLOAT = TensorProto.FLOAT


def judged(path: Path, **options: object) -> Checked:
    return check(path, **({"limits": Limits()} | options))  # type: ignore[arg-type] # open options


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(Refused) as caught:
        judged(path, **options)
    return str(caught.value)


def identity(value: onnx.ValueInfoProto, out: onnx.ValueInfoProto | None = None):
    copy = onnx.ValueInfoProto()
    copy.CopyFrom(out or value)
    copy.name = "y"
    return model([helper.make_node("Identity", [value.name], ["y"])], [value], [copy])


def test_a_model_gets_its_signature_with_open_axes_as_minus_one(tmp_path: Path) -> None:
    found = judged(save(linear(1.0), tmp_path / "model.onnx"))
    assert found.inputs == (TensorSpec(name="x", datatype="FP32", shape=(-1, 4)),)
    assert found.outputs == (TensorSpec(name="y", datatype="FP32", shape=(-1, 4)),)
    assert found.entrypoint == "model.onnx"
    assert [file.name for file in found.files] == ["model.onnx"]
    assert (found.max_batch_size, found.memory_mb) == (32, 34)


def test_a_scalar_output_has_an_empty_shape(tmp_path: Path) -> None:
    proto = model(
        [helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)],
        [tensor("x", FLOAT, ["n", 4])],
        [tensor("y", FLOAT, [])],
    )
    assert judged(save(proto, tmp_path / "m.onnx")).outputs[0].shape == ()


def test_a_text_input_becomes_bytes(tmp_path: Path) -> None:
    proto = identity(tensor("x", TensorProto.STRING, ["n"]))
    assert judged(save(proto, tmp_path / "m.onnx")).inputs[0].datatype == "BYTES"


def test_weights_that_older_exporters_list_as_inputs_are_no_inputs(tmp_path: Path) -> None:
    proto = linear(1.0)
    proto.graph.input.append(tensor("added", FLOAT, [4]))
    assert [spec.name for spec in judged(save(proto, tmp_path / "m.onnx")).inputs] == ["x"]


def test_external_data_travels_with_the_model_and_other_files_do_not(tmp_path: Path) -> None:
    path = save(linear(1.0), tmp_path / "model.onnx", external="weights.bin")
    (tmp_path / "notes.txt").write_text("not part of it")
    assert [file.name for file in judged(path).files] == ["model.onnx", "weights.bin"]


def test_a_folder_travels_whole(tmp_path: Path) -> None:
    save(linear(1.0), tmp_path / "model.onnx", external="weights.bin")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "en.txt").write_text("one")
    names = [file.name for file in judged(tmp_path).files]
    assert names == ["labels/en.txt", "model.onnx", "weights.bin"]


def test_a_folder_with_two_models_needs_an_entrypoint(tmp_path: Path) -> None:
    save(linear(1.0), tmp_path / "a.onnx")
    save(linear(2.0), tmp_path / "b.onnx")
    assert "--entrypoint is not given" in refusal(tmp_path)
    assert "a.onnx, b.onnx" in refusal(tmp_path)
    assert "'c.onnx'" in refusal(tmp_path, entrypoint="c.onnx")
    assert judged(tmp_path, entrypoint="b.onnx").entrypoint == "b.onnx"


def test_an_entrypoint_outside_the_folder_is_refused(tmp_path: Path) -> None:
    save(linear(1.0), tmp_path / "out.onnx")
    save(linear(1.0), tmp_path / "in" / "m.onnx")
    assert "--entrypoint is '../out.onnx'" in refusal(tmp_path / "in", entrypoint="../out.onnx")


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert "which does not exist" in refusal(tmp_path / "nothing.onnx")


@pytest.mark.parametrize("content", [b"", b"garbage " * 40, struct.pack("<q", -1)])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert "m.onnx" in refusal(path)


def test_a_text_file_is_no_model_whatever_its_name_suggests(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text('{"inputs": []}')
    assert "no ONNX model" in refusal(path)


def test_every_cut_of_a_model_is_refused_and_never_another_error(tmp_path: Path) -> None:
    whole = save(linear(1.0), tmp_path / "whole.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert "cut.onnx" in refusal(path)


def test_a_model_that_only_the_runtime_can_refuse_is_refused(tmp_path: Path) -> None:
    proto = model(
        [helper.make_node("NoSuchOperator", ["x"], ["y"])],
        [tensor("x", FLOAT, ["n"])],
        [tensor("y", FLOAT, ["n"])],
    )
    message = refusal(save(proto, tmp_path / "m.onnx"))
    assert "refused by ONNX Runtime" in message
    assert "NoSuchOperator" in message


def test_missing_external_data_is_refused(tmp_path: Path) -> None:
    path = save(linear(1.0), tmp_path / "model.onnx", external="weights.bin")
    (tmp_path / "weights.bin").unlink()
    assert "external data is 'weights.bin', which is missing" in refusal(path)


def test_external_data_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = save(linear(1.0), tmp_path / "model.onnx", external="weights.bin")
    (tmp_path / "weights.bin").write_bytes(b"\0" * 15)
    assert "15 bytes" in refusal(path)
    assert "at least 16 bytes" in refusal(path)


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "a/../../w.bin", "..\\w.bin", ""])
def test_external_data_outside_the_folder_is_refused(tmp_path: Path, location: str) -> None:
    path = save(linear(1.0), tmp_path / "in" / "model.onnx", external="weights.bin")
    (tmp_path / "w.bin").write_bytes(b"\0" * 16)
    proto = onnx.load(str(path), load_external_data=False)
    [entry] = [e for e in proto.graph.initializer[0].external_data if e.key == "location"]
    entry.value = location
    path.write_bytes(proto.SerializeToString())
    message = refusal(path)
    assert "external data is" in message
    assert "relative path below the model's folder" in message


def test_external_data_behind_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    path = save(linear(1.0), tmp_path / "in" / "model.onnx", external="weights.bin")
    (tmp_path / "in" / "weights.bin").rename(tmp_path / "out.bin")
    (tmp_path / "in" / "weights.bin").symlink_to(tmp_path / "out.bin")
    assert "weights.bin is a link to" in refusal(path)
    assert "weights.bin is a link to" in refusal(path.parent)


def test_external_data_of_a_subgraph_is_seen(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.ones(4, np.float32), "w")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="inner.bin")
    out = tensor("o", FLOAT, [4])
    branch = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["o"])], "branch", [], [out], [weights]
    )
    proto = model(
        [helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)],
        [tensor("x", TensorProto.BOOL, [])],
        [tensor("y", FLOAT, [4])],
    )
    assert "'inner.bin', which is missing" in refusal(save(proto, tmp_path / "m.onnx"))


def test_a_custom_operator_domain_is_refused_with_its_operators(tmp_path: Path) -> None:
    proto = model(
        [helper.make_node("Tokenise", ["x"], ["y"], domain="acme.ops")],
        [tensor("x", FLOAT, ["n"])],
        [tensor("y", FLOAT, ["n"])],
        domains=["acme.ops"],
    )
    message = refusal(save(proto, tmp_path / "m.onnx"))
    assert "operator domain is 'acme.ops' (operators Tokenise)" in message


def test_a_custom_operator_hidden_in_a_branch_is_refused(tmp_path: Path) -> None:
    inner = helper.make_node("Evil", ["c"], ["o"], domain="acme.ops")
    constant = helper.make_node("Constant", [], ["c"], value_float=1.0)
    branch = helper.make_graph([constant, inner], "branch", [], [tensor("o", FLOAT, [])])
    proto = model(
        [helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)],
        [tensor("x", TensorProto.BOOL, [])],
        [tensor("y", FLOAT, [])],
        domains=["acme.ops"],
    )
    assert "operators Evil" in refusal(save(proto, tmp_path / "m.onnx"))


def test_a_function_that_the_model_defines_itself_is_no_custom_operator(tmp_path: Path) -> None:
    proto = model(
        [helper.make_node("Double", ["x"], ["y"], domain="own")],
        [tensor("x", FLOAT, ["n"])],
        [tensor("y", FLOAT, ["n"])],
        domains=["own"],
    )
    body = [helper.make_node("Add", ["a", "a"], ["b"])]
    opsets = [helper.make_opsetid("", 17)]
    proto.functions.append(helper.make_function("own", "Double", ["a"], ["b"], body, opsets))
    assert judged(save(proto, tmp_path / "m.onnx")).max_batch_size == 32


def test_an_operator_of_onnx_runtime_itself_is_no_custom_operator(tmp_path: Path) -> None:
    proto = model(
        [helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")],
        [tensor("x", FLOAT, ["n"])],
        [tensor("y", FLOAT, ["n"])],
        domains=["com.microsoft"],
    )
    assert judged(save(proto, tmp_path / "m.onnx")).inputs[0].name == "x"


@pytest.mark.parametrize("opset", [0, onnx.defs.onnx_opset_version() + 1, 99])
def test_an_unknown_opset_is_refused(tmp_path: Path, opset: int) -> None:
    proto = linear(1.0)
    proto.opset_import[0].version = opset
    assert f"opset of ai.onnx is {opset}" in refusal(save(proto, tmp_path / "m.onnx"))


def test_a_sequence_output_is_refused_with_a_way_out(tmp_path: Path) -> None:
    sequence = helper.make_tensor_sequence_value_info("y", FLOAT, ["n"])
    proto = model(
        [helper.make_node("SequenceConstruct", ["x"], ["y"])],
        [tensor("x", FLOAT, ["n"])],
        [sequence],
    )
    message = refusal(save(proto, tmp_path / "m.onnx"))
    assert "output 'y' is a sequence; it must be a tensor" in message
    assert "zipmap" in message


def test_a_datatype_that_the_protocol_lacks_is_refused(tmp_path: Path) -> None:
    proto = identity(tensor("x", TensorProto.BFLOAT16, ["n"]))
    assert "input 'x' is of element type BFLOAT16" in refusal(save(proto, tmp_path / "m.onnx"))


def test_an_output_without_a_shape_is_refused(tmp_path: Path) -> None:
    proto = identity(tensor("x", FLOAT, ["n"]), out=tensor("y", FLOAT, None))
    assert "output 'y' is without a shape" in refusal(save(proto, tmp_path / "m.onnx"))


def test_a_fixed_first_axis_takes_no_batch(tmp_path: Path) -> None:
    path = save(linear(1.0, batch=1), tmp_path / "m.onnx")
    assert judged(path).max_batch_size == 0
    message = refusal(path, max_batch_size=8)
    assert "--max-batch-size is 8; it must be 0, as input 'x' has shape [1, 4]" in message


@pytest.mark.parametrize(("asked", "fits"), [(-1, False), (0, True), (4096, True), (4097, False)])
def test_the_batch_size_has_limits(tmp_path: Path, asked: int, fits: bool) -> None:
    path = save(linear(1.0), tmp_path / "m.onnx")
    if fits:
        assert judged(path, max_batch_size=asked).max_batch_size == asked
    else:
        assert f"--max-batch-size is {asked}" in refusal(path, max_batch_size=asked)


@pytest.mark.parametrize(("asked", "fits"), [(0, False), (1, True), (64, True), (65, False)])
def test_the_planned_memory_has_limits(tmp_path: Path, asked: int, fits: bool) -> None:
    path = save(linear(1.0), tmp_path / "m.onnx")
    limits = Limits(memory_mb=64)
    if fits:
        assert judged(path, limits=limits, memory_mb=asked).memory_mb == asked
    else:
        assert f"--memory-mb is {asked}" in refusal(path, limits=limits, memory_mb=asked)


def test_a_version_larger_than_the_functions_cache_is_refused(tmp_path: Path) -> None:
    path = save(linear(1.0), tmp_path / "m.onnx")
    size = path.stat().st_size
    assert judged(path, limits=Limits(version_bytes=size)).files[0].size_bytes == size
    assert f"at most {size - 1} bytes" in refusal(path, limits=Limits(version_bytes=size - 1))


def test_hidden_leftovers_in_a_folder_are_named_one_by_one(tmp_path: Path) -> None:
    save(linear(1.0), tmp_path / "model.onnx")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "old.onnx").write_bytes(b"x")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    message = refusal(tmp_path)
    assert ".ipynb_checkpoints is hidden" in message
    assert ".DS_Store is hidden" in message


@pytest.mark.parametrize(
    "name", ["my model.bin", "größe.bin", "a'b.bin", "-x.bin", "manifest.json", "manifest.k.sig"]
)
def test_a_file_name_that_cannot_be_stored_is_named(tmp_path: Path, name: str) -> None:
    save(linear(1.0), tmp_path / "model.onnx")
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(Refused) as caught:
        judged(tmp_path)
    [problem] = caught.value.problems
    assert name in (problem.key, problem.value.strip("'\""))


def test_links_empty_files_and_empty_folders_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    save(linear(1.0), folder / "model.onnx")
    (tmp_path / "secret").write_text("not ours")
    (folder / "leak").symlink_to(tmp_path / "secret")
    (folder / "gone").symlink_to("nowhere")
    (folder / "up").symlink_to(tmp_path)
    (folder / "zero.bin").touch()
    (folder / "void").mkdir()
    message = refusal(folder)
    for named in ("leak is a link", "gone is a link", "up is a link", "zero.bin is 0 bytes long"):
        assert named in message
    assert "void is an empty folder" in message


def test_all_problems_of_a_model_are_told_at_once(tmp_path: Path) -> None:
    proto = model(
        [helper.make_node("Evil", ["x"], ["y"], domain="acme.ops")],
        [tensor("x", TensorProto.BFLOAT16, [1])],
        [tensor("y", FLOAT, None)],
        opset=99,
    )
    save(proto, tmp_path / "model.onnx")
    (tmp_path / ".hidden").touch()
    with pytest.raises(Refused) as caught:
        judged(tmp_path, memory_mb=0)
    keys = [problem.key for problem in caught.value.problems]
    assert keys == [
        "operator domain",
        "opset of ai.onnx",
        "input 'x'",
        "output 'y'",
        ".hidden",
        "--memory-mb",
    ]
    for problem in caught.value.problems:
        assert all([problem.value, problem.limit, problem.reason, problem.way_out])
