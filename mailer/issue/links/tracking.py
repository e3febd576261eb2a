"""Names of the parameters in web addresses that only serve tracking, and their removal."""

import re

_TRACKING = re.compile(
    r"utm_\w+|(?:fb|g|d|y|tt|tw)clid|(?:ir|rb_)clickid|gclsrc|gbraid|wbraid|msclkid|igsh(?:id)?|li_fat_id|srsltid|epik"
    r"|fb_(?:action_ids|action_types|ref|source)|ref_(?:src|url)|_g[al]|_ga_\w+|_kx|_openstat|dm_i"
    r"|(?:mtm|matomo|piwik|sfmc|bsft|elq)_\w+|pk_(?:campaign|kwd|keyword|source|medium|content|cid|vid)"
    r"|at_(?:medium|campaign\w*|custom\d+|creation|format|variant|recipient\w*|emailtype)|elq(?:track(?:id)?|aid|at|campaignid)"
    r"|wt[._](?:mc|mc_id|z\w+)|s_cid|cmpid|xtor|ns_(?:campaign|mchannel|source)|mc_[ce]id|mkt_tok"
    r"|_?_hs(?:enc|mi|sc|tc|fp)|hsctatracking|oly_\w+_id|vero_(?:id|conv)|ml_subscriber(?:_hash)?"
)


def without_tracking(url: str) -> tuple[str, tuple[str, ...]]:
    """Return a web address without the parameters that only serve tracking, and the names of those."""
    if not url.startswith("http"):
        return url, ()
    head, _, fragment = url.partition("#")
    path, _, query = head.partition("?")
    kept, removed = _without_pairs(query)
    kept_behind, removed_behind = _without_pairs(fragment)
    if not removed and not removed_behind:
        return url, ()
    return path + _behind("?", kept) + _behind("#", kept_behind), removed + removed_behind


def _without_pairs(text: str) -> tuple[str, tuple[str, ...]]:
    pairs = [(pair.partition("=")[0], pair) for pair in text.split("&")]
    removed = tuple(name for name, pair in pairs if "=" in pair and _TRACKING.fullmatch(name.lower()))
    return "&".join(pair for name, pair in pairs if name not in removed), removed


def _behind(mark: str, text: str) -> str:
    return f"{mark}{text}" if text else ""
