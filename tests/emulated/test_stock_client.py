"""A stock Triton client, given only the URL and a bearer header, finds a server it understands."""

import os
from collections.abc import Iterator

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.emulated.calls import Api

pytestmark = pytest.mark.emulated
KINDS = ("http", "rest")


@pytest.fixture
def client(api: Api) -> Iterator[triton.InferenceServerClient]:
    scheme, _, address = api.url.partition("://")
    made = triton.InferenceServerClient(
        address.rstrip("/"),
        ssl=scheme == "https",
        ssl_options={"ca_certs": os.environ.get("SSL_CERT_FILE")},
    )
    yield made
    made.close()


@pytest.fixture
def bearer(api: Api) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.token}"}


def output(result: triton.InferResult, name: str) -> np.ndarray:
    array = result.as_numpy(name)
    assert array is not None
    return np.asarray(array, np.float32)


def test_it_finds_the_server_live_and_ready(
    client: triton.InferenceServerClient, bearer: dict[str, str]
) -> None:
    assert client.is_server_live(headers=bearer)
    assert client.is_server_ready(headers=bearer)


def test_it_finds_the_model_ready_and_an_unknown_one_not(
    client: triton.InferenceServerClient, bearer: dict[str, str]
) -> None:
    assert client.is_model_ready("magika", headers=bearer)
    assert client.is_model_ready("magika", "1", headers=bearer)
    assert not client.is_model_ready("no-such-model", headers=bearer)


def test_it_reads_the_servers_and_the_models_description(
    client: triton.InferenceServerClient, bearer: dict[str, str]
) -> None:
    server = client.get_server_metadata(headers=bearer)
    assert server["name"] == "warmline"
    assert "binary_tensor_data" in server["extensions"]
    model = client.get_model_metadata("magika", headers=bearer)
    assert model["name"] == "magika"
    assert model["versions"] == ["1"]
    assert model["inputs"] == [{"name": "bytes", "datatype": "INT32", "shape": [-1, 2048]}]
    assert [output["name"] for output in model["outputs"]] == ["target_label"]


@pytest.mark.parametrize("binary", [True, False])
def test_it_infers_with_binary_and_with_json_tensors(
    binary: bool, client: triton.InferenceServerClient, bearer: dict[str, str], linear_model: str
) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    tensor = triton.InferInput("x", [3, 4], "FP32")
    tensor.set_data_from_numpy(array, binary_data=binary)
    wanted = triton.InferRequestedOutput("y", binary_data=binary)
    result = client.infer(linear_model, [tensor], outputs=[wanted], headers=bearer, request_id="7")
    np.testing.assert_allclose(output(result, "y"), array + 1)
    assert result.get_response()["id"] == "7"


def test_it_infers_without_naming_outputs(
    client: triton.InferenceServerClient, bearer: dict[str, str], linear_model: str
) -> None:
    tensor = triton.InferInput("x", [1, 4], "FP32")
    tensor.set_data_from_numpy(np.zeros((1, 4), np.float32))
    result = client.infer(linear_model, [tensor], headers=bearer)
    np.testing.assert_allclose(output(result, "y"), np.ones((1, 4), np.float32))


def test_it_raises_the_reason_of_a_refusal(
    client: triton.InferenceServerClient, bearer: dict[str, str], linear_model: str
) -> None:
    tensor = triton.InferInput("x", [1, 5], "FP32")
    tensor.set_data_from_numpy(np.zeros((1, 5), np.float32))
    with pytest.raises(InferenceServerException, match=r"inputs\[0\]\.shape"):
        client.infer(linear_model, [tensor], headers=bearer)
