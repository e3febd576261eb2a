"""The temporary tables in which an import keeps its lines and the decisions about them."""

from sqlalchemy import JSON, Boolean, Column, Integer, MetaData, Table, Text, false, true

from mailer.database.columns import Id, compared_by_byte

metadata = MetaData()

# What many lines have in common.
terms = Table(
    "import_terms",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("file", Text),
    Column("source", Text),
    Column("list_slug", Text),
    Column("role", Text),
    Column("lang", Text),
    Column("list_lang", Text),  # where the line names no language
    Column("basis", Text),
    Column("article", Text),
    Column("status", Text),
    Column("said", Text),  # the file's own word for it
    prefixes=["TEMPORARY"],
)

# The lines as they are read: `place` is in the order of the files.
read_line = Table(
    "import_read_line",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer),
    Column("terms_id", Integer),
    Column("address", compared_by_byte()),
    Column("as_given", Text),  # where it is not the address
    Column("name", Text),
    Column("name_folded", Text),
    Column("organisation", Text),
    prefixes=["TEMPORARY"],
)

# The same numbered in the order of addresses: lines of one address stand together, and what is looked up or written
# for a line lies beside what the line before it needed. `outcome` is there where the address is suppressed.
line = Table(
    "import_line",
    metadata,
    Column("n", Id, primary_key=True),
    *(Column(each.name, each.type) for each in read_line.c),
    Column("outcome", Text),
    prefixes=["TEMPORARY"],
)

# The lines that are not understood.
refused_line = Table(
    "import_refused_line",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("file", Text),
    Column("line", Integer),
    Column("reason", Text),
    Column("cells", JSON),
    prefixes=["TEMPORARY"],
)

# What comparing with the register has decided; a line that is neither here nor below changes nothing.
decision = Table(
    "import_decision",
    metadata,
    Column("n", Id, primary_key=True, autoincrement=False),
    Column("outcome", Text),
    Column("makes_person", Boolean, server_default=true()),
    Column("adds_basis", Boolean, server_default=false()),
    Column("changes", JSON(none_as_null=True)),
    Column("reason", Text, server_default=""),
    prefixes=["TEMPORARY"],
)

# The lines for which that takes more than one look.
undecided = Table(
    "import_undecided",
    metadata,
    Column("n", Id, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)
