package browsertest

import "flag"

var _ = flag.Bool("pictures", false, "take the pictures of docs/observability.md anew")
