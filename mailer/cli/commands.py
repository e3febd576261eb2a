"""The commands in the order of the help: a line for each holds its name, its function and its summary."""

from mailer.cli.groups import Group, Later

# A function is named as `module:name` within `mailer.cli`. The summary is the first paragraph of its docstring (a test
# compares them), so that help need not load the module.
# fmt: off
COMMANDS = (
    Later("init", "workspace:init", "Make a new workspace: a commented config.toml, templates, the register of lists, room for issues."),
    Later("new", "workspace:new", "Begin the next issue from the last one: frame, standing links, the dates promised there. Overwrites nothing."),
    Later("demo", "demo:demo", "Do the whole job on this machine with invented people: compose, import, test-send, send, account."),
    Later("check", "issues:check", "Say what is wrong with an issue, with file and line. Changes nothing; exit code 1 on errors."),
    Later("compose", "issues:compose", "Write the issue in every form: e-mail, plain text, web page, PDF and calendar, as an example subscriber gets it."),
    Later("preview", "issues:preview", "Show the issue as readers will see it: phone and desktop, light and dark, text and PDF. Reloads on save."),
    Later("send", "sending:send", "Show the plan, ask for the number of recipients, freeze the mailing and send it. Nobody gets it twice."),
    Later("status", "sending:status", "Show what became of every recipient: the equation of each mailing, and of an issue's together. Sends nothing."),
    Later("pause", "sending:pause", "Have a mailing stop after the message in hand, from any terminal; within 5 seconds."),
    Later("resume", "sending:resume", "Clear a pause and go on sending here."),
    Later("cancel", "sending:cancel", "Stop a mailing for good: who has not had it will not get it. What was sent cannot be taken back."),
    Later("unschedule", "scheduling:unschedule", "Take a mailing back that waits for its time: nobody gets it, and the issue can be changed and planned anew."),
    Later("resolve", "sending:resolve", "Decide on deliveries in doubt: the server took the mail and vanished before it answered."),
    Later("work", "work:work", "Start mailings when their time comes, carry on those that nobody sends, and see to backups. Ctrl-C stops."),
    Later("workers", "work:workers", "Show who is there to send by itself, on which machine, and what each does; and when duties are due."),
    Later("test-send", "sending:send_test", "Send the issue, marked TEST, to addresses on `test_recipients` in config.toml. `send` asks for it first."),
    Later("catch", "catch:catch", "Run a mail server on this machine that keeps every mail under var/inbox and passes nothing on."),
    Later("lists", "people:lists", "Show the lists with their numbers of subscribers, grouped by region. Changes nothing."),
    Later("log", "log:log", "Show who did what: sent, paused, cancelled, imported, exported, erased, changed settings. Newest last."),
    Later("notices", "notices:notices", "Show what the editor was told of mailings in the last 90 days: finished, paused, missed, in doubt. Newest last."),
    Later("backup", "backups:backup", "Write a copy of the database, also while mail is sent. The keys are not in it: `--keys FILE` writes them apart."),
    Later("restore", "backups:restore", "Put a backup in the place of the database. Nobody who left, was suppressed or was erased since comes back."),
    Later("serve", "serve:serve", "Serve the public pages: leaving, one-click unsubscribe, and the stored editions. Ctrl-C stops."),
    Later("metrics", "metrics:metrics", "Show figures of mailings, deliveries, senders and leaving for Prometheus. Changes nothing."),
    Later("support", "support:support", "Write a report for those who help: versions, settings, figures, decisions. Changes nothing else."),
    Group(name="subscribers", help="Who gets the newsletter.", commands=(
        Later("find", "people:find", "Find subscribers by address, name or domain. Changes nothing."),
        Later("add", "people:add", "Put one person on one or more lists, and correct what is known of somebody who is on them already."),
        Later("remove", "people:remove", "Unsubscribe one person from one list, or from all. A mailing under way leaves that person out."),
        Later("import", "imports:import_", "Put the people in CSV files or Excel workbooks on the lists. All or nothing, unless `--skip-invalid`."),
        Later("export", "exports:export", "Write subscribers to a file that Excel opens right and that `import` reads back. One row for each list."),
        Later("show", "person:show", "Show everything that is stored about one person. Changes nothing."),
        Later("history", "person:history", "Show every change of one person: when, who, what. Changes nothing."),
        Later("move", "privacy:move", "Give a person a new address; lists and history are kept. The old address stays out of later imports."),
        Later("suppress", "privacy:suppress", "Never write to an address again, whatever an import or an editor says; with `--list` not through that list."),
        Later("release", "privacy:release", "Release a suppressed address, so that it can be added anew. It is on no list until then."),
        Later("erase", "erasing:erase", "Delete everything about a person for good (GDPR art. 17). Only a keyed hash stays, which keeps them out."),
        Later("purge", "privacy:purge", "Delete what has been kept long enough, and rewrite the database. For a monthly timer."),
        Later("merge-lists", "merging:merge_lists", "Put everybody of a list that is no more on another. Who left either list, or is suppressed on it, stays out."),
    )),
    Group(name="config", help="The settings in force.", commands=(
        Later("show", "config:show", "Show every setting, its value and where that comes from. Secrets are masked. Changes nothing."),
    )),
    Group(name="db", help="The database.", commands=(
        Later("upgrade", "config:upgrade", "Bring the database's tables to this version. SQLite does so by itself; PostgreSQL waits for this command."),
        Later("reapply", "backups:reapply", "Apply again who left, was suppressed or was erased, where a backup was put back by other means."),
        Later("recover", "config:recover", "Take in what a killed process left beside the SQLite file, where no backup was put back meanwhile."),
    )),
)
