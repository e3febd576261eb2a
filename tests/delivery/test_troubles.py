"""Troubles are told of when they are news."""

from mailer.delivery.troubles import Troubles


def test_each_trouble_is_news_once_and_again_after_ten_minutes() -> None:
    now = [1000.0]
    troubles = Troubles(lambda: now[0])
    assert troubles.hear("432 4.3.2 limit (id 1)", kind="mail 432 4.3.2")
    assert not troubles.hear("432 4.3.2 limit (id 2)", kind="mail 432 4.3.2")
    assert troubles.hear("the server closed the connection", kind="mail closed")
    assert not troubles.hear("432 4.3.2 limit (id 3)", kind="mail 432 4.3.2")
    now[0] += 599
    assert not troubles.hear("432 4.3.2 limit (id 4)", kind="mail 432 4.3.2")
    now[0] += 1
    assert troubles.hear("432 4.3.2 limit (id 5)", kind="mail 432 4.3.2")
    assert troubles.latest == "432 4.3.2 limit (id 5)"
    troubles.end()
    assert troubles.latest == ""
