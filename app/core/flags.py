"""Everything that can be switched on and off while the service runs."""

from lintel.flags import Flag

ANALYSES = Flag(
    "analyses",
    default=True,
    description="New texts and batches are analysed. Off, they are refused for now; earlier ones can be read.",
)

DECLARED = (ANALYSES,)
