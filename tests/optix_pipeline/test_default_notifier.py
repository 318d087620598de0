"""Notifications go to the log, or to the webhook that the environment names."""

from optix_pipeline.definitions import default_resources

SECRET = "https://hooks.example/T0/secret"


def test_without_a_setting_notifications_go_to_the_log(monkeypatch, tmp_path):
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path))
    monkeypatch.delenv("OPTIX_WEBHOOK_URL", raising=False)
    assert default_resources()["notifier"].kind == "log"


def test_the_named_webhook_is_read_when_it_is_used_and_stands_in_no_definition(monkeypatch, tmp_path):
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path))
    monkeypatch.setenv("OPTIX_WEBHOOK_URL", SECRET)
    notifier = default_resources()["notifier"]
    assert notifier.kind == "webhook"
    assert SECRET not in repr(notifier)
    assert notifier.process_config_and_initialize().webhook_url == SECRET
