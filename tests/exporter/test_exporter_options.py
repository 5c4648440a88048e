"""The options: what is refused, with which words, and what it leaves."""


def test_options_are_checked_with_a_clear_error(inside):
    result = inside("options")
    errors = result["errors"]
    for good in (
        "grpc_events=all",
        "grpc_events=response, error",
        "grpc_addr=https://flows.example",
        "grpc_addr=http://a:1,https://b:2",
        "grpc_body_max=1MiB",
        "grpc_spool_max=0",
        "grpc_spool_max=2tib",
        "grpc_source=café",
        "grpc_token=secret-1",
        "grpc_key=/no/such/file",
        "grpc_stream_capture=True",
        "grpc_redact=['header cookie']",
    ):
        assert errors.pop(good) is None, good
    for name, error in errors.items():
        assert error, name
        assert error.startswith(f"OptionsError: {name.partition('=')[0]}"), error
        assert "\n" not in error
    assert "unknown event respnse; known are all, requestheaders" in errors["grpc_events=respnse"]
    assert "nonsense://x is not http://HOST:PORT" in errors["grpc_addr=nonsense://x"]
    assert "grpc_addr: it is empty" in errors["grpc_addr="]
    assert "'lots' is not a size" in errors["grpc_body_max=lots"]
    assert "at most 24MiB" in errors["grpc_body_max=999GiB"]
    assert "'-1' is not a size" in errors["grpc_spool_max=-1"]
    assert "longer than 255 bytes" in errors[f"grpc_source={'x' * 28}"]
    assert "printable ASCII" in errors["grpc_token=secret 2"]
    for name in ("grpc_ca", "grpc_cert"):
        assert "/no/such/file: No such file" in errors[f"{name}=/no/such/file"]
    assert "nonsense" in errors["grpc_redact=['nonsense']"]
    assert result["hooks"] == ["response", "tcp_end"]


def test_a_token_is_shown_nowhere(inside):
    result = inside("options")
    assert not [text for text in result["told"] if "secret" in text]
    assert not [text for text in result["errors"].values() if text and "secret" in text]


def test_what_is_wrong_from_the_start_can_be_mended_one_at_a_time(inside):
    result = inside("wrong_start")
    assert result["before"] is False
    first, second, *later = result["lines"]
    assert first.startswith("mitmflow: grpc_body_max: 'lots' is not a size")
    assert "nothing is exported until that is mended" in first
    assert second.startswith("mitmflow: grpc_addr: nonsense://x is not")
    # Nobody listens at the right one, if there was the time to find out.
    assert all("cannot export to http://127.0.0.1:9" in line for line in later)
    assert "'much' is not a size" in result["refused"][0]
    assert result["refused"][1:] == [None, None]
    assert result["after"] == [True, True]
    assert result["body_max"] == "1MiB"
