"""Decide whom a refusal is about, by one table: the sender, the connection, the one address, or unclear.

Behind a relay most refusals are the relay's own: its quota, its rules for senders. Those would come to everybody, and
must not cost a recipient the newsletter.
"""

from mailer.delivery.answer_rows import About, AnswerRow
from mailer.transport.base import Reply, Stage


def _any_of(*alternatives: str) -> str:
    return "|".join(alternatives)


_AT_RCPT = frozenset({Stage.RCPT})
_AMOUNT = r"\b(quotas?|limits?|limited|allowance|credits?|kvote|grense)\b"
_MAILS = r"(messages?|mails?|e-?mails?|recipients?)"
_TIME = r"(day|hour|minute|second|month)"
_SENDING = (
    r"\b(relay(ing)?|send(ing)?|sender|submission|outbound|outgoing|smtp|messaging|plan|trial|tenant"
    r"|daily|hourly|weekly|monthly|daglig|utg\w+)\b"
)
_OF_A_RECIPIENT = r"receiving|tried to reach|trying to (contact|reach)"
_SOMEBODY = r"(user|recipient|mailbox|address|account|rcpt|destination|domain|host|local[- ]part)"
_IS_NOT = _any_of(
    r"unknown|invalid|inactive|disabled|deactivated|closed|deleted|expired|abandoned|do(es)?(n't| not) exist",
    r"(can)?not (be )?(found|known|exist\w*|listed|valid|local|available here|recognized|present|active)",
    r"no longer (exists|valid|active|available|in use)",
)
_ER_IKKE = _any_of(
    r"finnes ikke|finst ikkje|ikke funnet|ikkje funn\w+|eksisterer ikke|er ikke i bruk",
    r"ukjent|ukjend|inaktiv|er sperret",
)
_NOBODY = _any_of(
    r"no such (user|recipient|mailbox|address|account|person|customer|domain|host|local)",
    rf"(unknown|invalid|non-?existent|bad|illegal) (local )?{_SOMEBODY}",
    rf"{_SOMEBODY}\b.{{0,60}}?\b(is |was |are )?({_IS_NOT})",
    r"(does not|doesn't|has no) .{0,30}\b(exist|account|mailbox)",
    r"not a (known|valid|local) (user|recipient|mailbox|address)|not our (customer|user)",
    r"no (mailbox|account by that name|one at this address)\b|nobody by that name",
    r"badrcptto|badrecipientto|validrcptto|recip(ient)?notfound|non-?existent",
    r"<…> (was )?not found|no longer (accepts|receives) mail|un-?routeable|unroutable|undeliverable address",
    r"(name or domain|host) not found",
    r"(ukjent|ukjend) (mottaker|mottakar|bruker|brukar|adresse|konto|domene)",
    rf"(mottak|adress|postkass|postboks|konto|domen|bruk[ae]r)\w*\b.{{0,30}}({_ER_IKKE})",
    r"ok.nd (mottagare|anv.ndare|adress)|ukendt (modtager|bruger|adresse)",
    r"(mottagaren|anv.ndaren|modtageren|brugeren).{0,20}(finns inte|findes ikke|ok.nd|ukendt)",
    r"(empf.{1,2}nger|benutzer|adresse|postfach).{0,20}(unbekannt|existiert nicht|nicht gefunden)",
    r"(utilisateur|destinataire|adresse|bo.{1,2}te).{0,20}(inconnue?|inexistante?|n'existe pas)",
)
_NOT_OF_A_RECIPIENT = _any_of(
    r"sender|mail from|return[- ]path|from address|helo|\bclient\b|password|avsender|authenticated|allow[- ]?list",
    r"spam|reputation|black-?list|block-?list|\bblocked\b|relay(ing)? (not|denied|access)|not permitted to relay",
    r"\bbanned\b|\bpolicy\b|\baup\b|\babuse\b|\byour (ip|domain|network|server|host)\b|will not accept|too many",
    r"message (was )?(rejected|blocked|refused)",
)
_FOR_NOW = r"unverified|connect to|lookup (failure|failed|error)|temporar\w+|timed? ?out|try again"

TABLE = (
    AnswerRow(
        what="waiting-list for unknown senders (greylisting)",
        about=About.ADDRESS,
        codes="4..",
        words=r"gr[ea]y[- ]?list",
        examples=(
            "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see http://postgrey.example/help",
            "451 Greylisted, please try again in 300 seconds",
        ),
    ),
    AnswerRow(
        what="one recipient gets too much",
        about=About.ADDRESS,
        words=r"receiving (mail|messages|e-?mail)\b.{0,30}(rate|quick|fast|often)",
        examples=(
            "450 4.2.1 The user you are trying to contact is receiving mail too quickly.",
            "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more",
        ),
    ),
    AnswerRow(
        what="fewer connections wanted",
        about=About.CONNECTION,
        words=_any_of(
            r"thread limit|concurren\w+ (\w+ ){0,2}(connection|session|thread)|simultaneous (connection|session)",
            r"too (many|much) (\w+ ){0,2}(connection|session|thread|error|login attempt)|connection (rate|count|limit)",
            r"(message|mail|transaction|recipient|command)s? (in|on|per|for) (this |one |a )?(connection|session)",
        ),
        examples=(
            "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
            "421 4.7.0 mx.example Error: too many connections from 192.0.2.1",
            "421 Too many concurrent SMTP connections; please try again later.",
            "450 4.7.1 Error: too much connections from 192.0.2.1",
        ),
    ),
    AnswerRow(
        what="the connection is closed for policy",
        about=About.CONNECTION,
        codes="421",
        enhanced=r"4\.7\.\d+",
        examples=(
            "421 4.7.0 Try again later, closing connection.",
            "421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address.",
        ),
    ),
    AnswerRow(
        what="a login is wanted, or no longer good",
        about=About.SENDER,
        codes="530|534|535|538",
        examples=(
            "530 5.7.0 Authentication required",
            "530 5.7.57 Client not authenticated to send mail",
            "535 5.7.8 Authentication credentials invalid",
            "530 5.7.0 Must issue a STARTTLS command first",
        ),
    ),
    AnswerRow(
        what="login or encryption for now not possible, or slowed down",
        about=About.SENDER,
        codes="432|454",
        examples=(
            "454 4.7.0 Temporary authentication failure",
            "454 Throttling failure: Maximum sending rate exceeded.",
            "454 Throttling failure: Daily message quota exceeded.",
        ),
    ),
    AnswerRow(
        what="the sender's own mailbox in Exchange: its quota for sending, or its folder of sent items full",
        about=About.SENDER,
        words=r"STOREDRV(?!\.Deliver)|SubmissionQuota",
        examples=(
            "dot: 554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message",
            "dot: 554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException",
            "dot: 452 4.2.2 STOREDRV; mailbox full",
        ),
    ),
    AnswerRow(
        what="sender refused (X.1.7, X.1.8), daily limit (X.1.90), sender throttled (X.2.25…), quota (X.4.5)",
        about=About.SENDER,
        enhanced=r"[45]\.(1\.7|1\.8|1\.90|2\.25\d|4\.5)",
        examples=(
            "550 5.1.7 Bad sender address",
            "550 5.1.8 Access denied, bad outbound sender AS(42003)",
            "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
            "550 5.2.254 Sender throttled due to continuous errors",
            "550 5.4.5 Daily user sending limit exceeded. For more information see https://support.example/a/166852",
            "450 4.1.8 <a@b.example>: Sender address rejected: Domain not found",
        ),
    ),
    AnswerRow(
        what="sender not allowed, not known or blocked (X.7.8, .9, .13, .57, .60, .64, .139, .23…, .5…, .6…, .7…)",
        about=About.SENDER,
        enhanced=r"[45]\.7\.(8|9|13|57|60|64|139|23\d|[567]\d\d)",
        examples=(
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            "550 5.7.64 TenantAttribution; Relay Access Denied",
            "550 5.7.232 Your message can't be sent because your trial tenant has exceeded its daily limit",
            "550 5.7.501 Access denied, spam abuse detected",
            "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
            "451 4.7.500 Server busy. Please try again later",
        ),
    ),
    AnswerRow(
        what="the name we gave ourselves (EHLO)",
        about=About.SENDER,
        words=r"\b(helo|ehlo)\b",
        examples=(
            "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
            "550 5.7.1 <localhost>: Helo command rejected: Host not found",
            "550 Bad HELO - host impersonating",
        ),
    ),
    AnswerRow(
        what="sender or client refused, or must log in",
        about=About.SENDER,
        words=_any_of(
            r"sender address (is )?(rejected|not|refused|denied|invalid|unknown)|sender verif\w+ failed",
            r"(unauthenticated|unauthori[sz]ed|unknown) senders?\b|bad (outbound )?sender|invalid sender",
            r"sender (is |was |has been )?(not allowed|not authori[sz]ed|unknown|suspended|banned|disabled|invalid)",
            r"(send|mail|submit) (as|for) this (sender|user)|not authori[sz]ed to (perform|send)|verified sender",
            r"client host|blocked using|address is not verified",
            r"authenticat\w+ (is )?(required|failed|failure|needed)|auth(orization)? required|auth first",
            r"not authenticated|must (first )?(be )?(authenticated?|log(ged)? ?in)",
            r"(your|sender'?s?) (\w+ ){0,2}account\b.{0,40}(suspended|blocked|disabled|locked)",
            r"sending\b.{0,20}(suspended|paused|disabled|blocked)",
            r"avsender\w*\b.{0,20}(avvist|sperret|ikke godkjent|ukjent)",
        ),
        examples=(
            "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user avsender",
            "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied",
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example",
            "550 Sender verify failed",
            "550 Unauthenticated senders not allowed",
            "554 Message rejected: Email address is not verified. These identities failed the check: a@b.example",
            "554 Message rejected: Sending suspended for this account",
            "550 5.7.1 Your account has been suspended",
            "451 Authentication failed: Maximum credits exceeded",
        ),
    ),
    AnswerRow(
        what="a limit or quota for sending",
        about=About.SENDER,
        words=_any_of(
            rf"{_SENDING}.{{0,60}}{_AMOUNT}",
            rf"{_AMOUNT}.{{0,40}}(for (the |this |your )?(sender|account|domain|today)|per {_TIME}|a (day|month))",
            rf"\b{_MAILS} (per|an?|every|in the last) (\d+ )?{_TIME}",
            rf"too (many|much) {_MAILS}\b.{{0,40}}(today|hour|day|minute|sent|from)|credits? exceeded",
            rf"\byou('ve|r| have| are)?\b.{{0,60}}(exceed\w*|reached|over)\b.{{0,60}}{_AMOUNT}",
            rf"exceed\w* your\b.{{0,60}}{_AMOUNT}",
            r"sendegrense|sendekvote|throttl|rate[- ]?limit|(sending|message|submission|unusual|mail|sender) rate",
            r"exceed\w*\b.{0,30}\brate\b|\brate\b.{0,30}exceed|too (fast|quickly|often)|slow(ing)? down",
            r"too many (invalid|bad|unknown|wrong|non-?existent) (recipients|rcpts?|addresses|users)",
        ),
        unless=rf"\bsize\b|too (big|large)|mailbox (is )?full|storage|{_OF_A_RECIPIENT}",
        examples=(
            "550 5.7.1 Daily SMTP relay sending quota exceeded",
            "552 5.2.2 a@b.example is over your relay quota",
            "550 quota exceeded for sender",
            "554 5.5.0 Too many recipients today",
            "550 Domain b.example has exceeded the max emails per hour (150/150 (100%)) allowed. Message discarded.",
            "550 You have exceeded your messaging limits",
            "450 4.7.1 Error: too much mail from 192.0.2.1",
            "450 4.7.1 rate limit exceeded, slow down",
            "451 4.7.1 Sender rate 101.0 / 1h exceeded",
            "550 5.7.0 Du har nådd din daglige sendegrense",
            "550 Too many invalid recipients",
            "550 5.1.1 permanent failure: too many invalid recipients (RCPT abuse)",
        ),
    ),
    AnswerRow(
        what="a rate, in any words",
        about=About.SENDER,
        codes="4..",
        words=r"\brates?\b",
        unless=_OF_A_RECIPIENT,
        examples=("450 4.7.1 rate", "451 4.7.1 rate: come back later"),
    ),
    AnswerRow(
        what="a quota, with no word of a mailbox or a user",
        about=About.SENDER,
        stages=frozenset({Stage.DOT}),
        codes="4..",
        words=r"^\W*quota\b",
        unless=r"mailbox|mail ?drop|full|user|account|recipient|…",
        examples=("dot: 452 4.2.2 quota",),
    ),
    AnswerRow(
        what="no such address (X.1.1, X.1.2, X.1.3, X.1.6, X.1.10)",
        about=About.ADDRESS,
        enhanced=r"[45]\.1\.(1|2|3|6|10)",
        unless=_any_of(_NOT_OF_A_RECIPIENT, _FOR_NOW),
        examples=(
            "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in relay recipient table",
            "550 5.1.1 The email account that you tried to reach does not exist.",
            "dot: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient a@b.example not found by SMTP address lookup",
            "550 5.1.2 Host unknown",
            "501 5.1.3 Bad recipient address syntax",
        ),
    ),
    AnswerRow(
        what="address rejected (5.1.0), as Cisco's gateways say of one that is unknown",
        about=About.ADDRESS,
        stages=_AT_RCPT,
        enhanced=r"5\.1\.0",
        words=r"^\W*(<…> ?:? ?)?(recipient )?address rejected",
        unless=_NOT_OF_A_RECIPIENT,
        examples=("rcpt: 550 #5.1.0 Address rejected.", "rcpt: 550 5.1.0 <a@b.example>: Recipient address rejected"),
    ),
    AnswerRow(
        what="address not in use",
        about=About.ADDRESS,
        stages=_AT_RCPT,
        enhanced=r"5\.2\.1",
        unless=_NOT_OF_A_RECIPIENT,
        examples=("rcpt: 550 5.2.1 The email account that you tried to reach is disabled",),
    ),
    AnswerRow(
        what="address unknown to its Microsoft 365",
        about=About.ADDRESS,
        stages=_AT_RCPT,
        enhanced=r"5\.4\.1",
        words=r"(recipient address|all recipient addresses) rejected",
        unless=_NOT_OF_A_RECIPIENT,
        examples=("rcpt: 550 5.4.1 Recipient address rejected: Access denied [AS(201806281)]",),
    ),
    AnswerRow(
        what="no such address, in words",
        about=About.ADDRESS,
        codes="5..",
        words=_NOBODY,
        unless=_NOT_OF_A_RECIPIENT,
        examples=(
            "550 User unknown",
            "550 no such user",
            "550 Unknown user",
            "550 No such user here",
            "550 5.5.0 Invalid recipient",
            "550 <a@b.example>: recipient does not exist",
            "550 Unrouteable address",
            "550 mailbox not found",
            "550 sorry, no mailbox here by that name. (#5.7.17)",
            "554 delivery error: dd This user doesn't have a yahoo.example account (a@b.example) [0]",
            "550 This account has been disabled or discontinued",
            "550 ukjent mottaker",
            "550 Mottakeren finnes ikke",
            "550 ukjend mottakar",
            "550 Ukendt modtager",
            "550 Okänd mottagare",
            "550 Empfänger unbekannt",
            "551 User not local; please try <c@d.example>",
        ),
    ),
    AnswerRow(
        what="mailbox unavailable (RFC 5321's own words for it)",
        about=About.ADDRESS,
        stages=_AT_RCPT,
        codes="550",
        words=r"mailbox (is )?(unavailable|not available)",
        unless=_NOT_OF_A_RECIPIENT,
        examples=(
            "rcpt: 550 Mailbox unavailable",
            "rcpt: 550 5.5.0 Requested action not taken: mailbox unavailable",
        ),
    ),
    AnswerRow(
        what="anything else",
        about=About.UNCLEAR,
        examples=(
            "550 relay not permitted",
            "550 <a@b.example> relay not permitted",
            "554 5.7.1 <a@b.example>: Relay access denied",
            "550 spam rejected",
            "554 Transaction failed: looks like spam",
            "552 5.3.4 message too big",
            "550 Sender blocked by policy",
            "552 5.2.2 over quota",
            "552 5.2.2 The email account that you tried to reach is over quota",
            "550 Administrative prohibition",
            "dot: 550 Requested action not taken: mailbox unavailable",
            "451 4.3.0 Temporary lookup failure",
            "rcpt: 452 4.2.2 quota",
            "452 4.3.1 Insufficient system storage",
            "450 4.2.1 later",
            "rcpt: 521 5.2.1 Blocked: AUP#BLK",
            "rcpt: 550 5.2.1 Message blocked: your IP 192.0.2.1 is on our blacklist",
            "rcpt: 550 Requested action not taken: mailbox unavailable Reject due to policy restrictions.",
            "rcpt: 550 5.1.0 Address rejected, your domain is blocked by policy",
            "550 5.1.1 From address does not exist",
            "550 5.1.2 Unknown domain in MAIL FROM",
            "rcpt: 550 5.4.1 Recipient address rejected: Access denied, banned sender",
            "450 4.1.1 <a@b.example>: unverified address: connect to backend.example[192.0.2.1]:25: Connection refused",
        ),
    ),
)


def about(reply: Reply) -> About:
    """Say whom a refusal is about."""
    return find_row(reply).about


def find_row(reply: Reply) -> AnswerRow:
    """Return the first row of the table that an answer fits."""
    return next(row for row in TABLE if row.fits(reply))
