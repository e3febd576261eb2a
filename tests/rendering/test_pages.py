from mailer.rendering.pages import Pages


def test_every_page_lies_below_the_base_address() -> None:
    pages = Pages("https://nyhetsbrev.example")
    assert pages.issue("2023-12") == "https://nyhetsbrev.example/2023-12"
    assert pages.pdf("2023-12") == "https://nyhetsbrev.example/2023-12.pdf"
    assert pages.calendar("2023-12") == "https://nyhetsbrev.example/2023-12.ics"
    assert pages.archive == "https://nyhetsbrev.example/"
    assert pages.subscribe == "https://nyhetsbrev.example/subscribe"
    assert pages.privacy == "https://nyhetsbrev.example/privacy"


def test_a_subscriber_s_pages_are_named_by_a_token() -> None:
    pages = Pages("https://nyhetsbrev.example")
    assert pages.leave("abc") == "https://nyhetsbrev.example/leave/abc"
    assert pages.one_click("abc") == "https://nyhetsbrev.example/one-click/abc"
    assert pages.preferences("abc") == "https://nyhetsbrev.example/preferences/abc"
