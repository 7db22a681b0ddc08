"""`warmline release` of functions that run images: nobody meets one that nobody trusted signed."""

import pytest

from automation.errors import Failure
from automation.release.run import Request
from tests.unit.images.in_memory import IMAGE, InMemory, Kms, serve
from tests.unit.release.fake_lambda import FakeCloud
from tests.unit.release.faulty import calls

pytestmark = pytest.mark.unit

OURS, OTHER = Kms(), Kms()


@pytest.fixture
def repository(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> InMemory:
    """Versions 1, live, and 2 run an image; nobody signed it."""
    cloud.values["images"] = {"keyring": {"images": OURS.public}}
    cloud.images = dict.fromkeys(("$LATEST", "1", "2"), str(IMAGE))
    made = InMemory()
    serve(made, monkeypatch)
    return made


def assert_nothing_moved(cloud: FakeCloud) -> None:
    assert cloud.record is None
    assert cloud.live == "1"
    assert set(cloud.capacity) == {"1"}
    assert not {"invoke", "update_alias", "put_provisioned_concurrency_config"} & {
        *cloud.calls.names
    }


@pytest.mark.usefixtures("repository")
def test_an_unsigned_image_is_refused_before_anything_moves(cloud: FakeCloud) -> None:
    with pytest.raises(Failure) as refused:
        cloud.release().run(Request())
    assert (
        f"the image of predict version 2 is {str(IMAGE)!r}, which may not run: nobody signed"
        in refused.value.cause
    )
    assert f"warmline images sign {IMAGE}" in refused.value.way_out
    assert_nothing_moved(cloud)


def test_a_signature_that_was_tagged_from_another_image_is_refused(
    cloud: FakeCloud, repository: InMemory
) -> None:
    repository.retag_signature_of_another(OURS)
    with pytest.raises(Failure, match="is one of another image"):
        cloud.release().run(Request())
    assert_nothing_moved(cloud)


def test_a_key_that_the_stack_does_not_trust_lets_nothing_live(
    cloud: FakeCloud, repository: InMemory
) -> None:
    repository.sign(OTHER)
    with pytest.raises(Failure, match="no trusted key made a signature"):
        cloud.release().run(Request())
    assert_nothing_moved(cloud)


def test_a_stack_without_keys_for_images_releases_none(
    cloud: FakeCloud, repository: InMemory
) -> None:
    repository.sign(OURS)
    cloud.values["images"] = {}
    with pytest.raises(Failure, match="no keys for images"):
        cloud.release().run(Request())
    assert_nothing_moved(cloud)


@pytest.mark.usefixtures("repository")
def test_a_dry_run_refuses_as_the_release_would(cloud: FakeCloud) -> None:
    with pytest.raises(Failure, match="nobody signed"):
        cloud.release().plan(Request())


@pytest.mark.usefixtures("repository")
def test_a_version_that_is_named_is_asked_about_too(cloud: FakeCloud) -> None:
    with pytest.raises(Failure, match=r"version 2 is .* nobody signed"):
        cloud.release().run(Request(to="2"))
    assert_nothing_moved(cloud)


def test_the_image_of_code_that_is_yet_to_be_published_is_asked_about(
    cloud: FakeCloud, repository: InMemory
) -> None:
    cloud.latest = "c"
    cloud.images["3"] = str(IMAGE)
    with pytest.raises(Failure, match=r"version 3 is .* nobody signed"):
        cloud.release().run(Request())
    assert_nothing_moved(cloud)
    repository.sign(OURS)
    assert cloud.release().run(Request()).live == "3"


def test_a_signed_image_goes_live_and_back_although_its_signature_is_gone(
    cloud: FakeCloud, repository: InMemory
) -> None:
    repository.sign(OURS)
    shown: list[str] = []
    release = cloud.release()
    release.driver.show = shown.append
    assert release.run(Request()).live == "2"
    assert shown[0] == "the image of predict version 2 is signed with images"
    del repository.manifests[IMAGE.signature_tag]
    assert cloud.release().run(Request(back=True)).live == "1"
    assert calls(cloud, "update_alias") == 2


def test_archives_are_released_without_asking_for_an_image(
    cloud: FakeCloud, repository: InMemory
) -> None:
    cloud.images.clear()
    repository.manifests.clear()
    assert cloud.release().run(Request()).live == "2"
    assert calls(cloud, "get_function") == 0
