import shutil

from lco.web.extensions import remove_old_folders


def test_a_cache_folder_that_was_removed_is_made_again(app, client, odoo, settings, make_app):
    client.get("/equipment")
    shutil.rmtree(settings.cache_dir)
    app.extensions["lco"].cache.invalidate("vehicle:1:")
    app.extensions["lco"].catalogue.details(1)
    odoo.fails_with = 500
    assert (settings.cache_dir / "answers").is_dir()


def test_folders_of_earlier_versions_are_removed_and_nothing_else(tmp_path):
    for name in ("0123456789ab", "answers", "pictures", "my folder", "0123456789ABCD"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    (tmp_path / "ffffffffffff").write_text("a file")
    remove_old_folders(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "answers",
        "pictures",
        "my folder",
        "0123456789ABCD",
        "ffffffffffff",
    }
