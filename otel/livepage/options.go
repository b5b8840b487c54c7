package livepage

import (
	"cmp"
	"os"
)

// Options say what a [Page] shows and to how many. The zero value, like nil, is right for most.
type Options struct {
	// Name tells people which service or process they look at. It is shown as it is; empty means none.
	Name string

	// Instance tells people which of the processes of that name they look at: the pod. Empty stands for
	// the environment variable POD_NAME, and where that is not set for the host name, which on Kubernetes
	// is the name of the pod.
	Instance string

	// ShowObjectID shows the Redis user name, which is the object id of the identity. It is no secret, but it can be
	// linked to other systems. It needs [Page.Watch].
	ShowObjectID bool

	// MaxStreams is how many streams may be open at once: 16 if 0, none if negative. One more
	// request gets 503; the page then asks for a snapshot every few seconds instead.
	MaxStreams int

	// MaxEvents is how many lines of recent events are kept: 50 if 0, none if negative. Whatever it says, there are no
	// more than 500, because each snapshot carries them all.
	MaxEvents int
}

const (
	defaultStreams = 16
	defaultEvents  = 50
	mostEvents     = 500
)

func (o *Options) instance() string {
	hostname, _ := os.Hostname() // a page without it is better than none
	return cmp.Or(o.Instance, os.Getenv("POD_NAME"), hostname)
}

func (o *Options) streams() int {
	if o.MaxStreams == 0 {
		return defaultStreams
	}
	return max(0, o.MaxStreams)
}

func (o *Options) events() int {
	if o.MaxEvents == 0 {
		return defaultEvents
	}
	return min(max(0, o.MaxEvents), mostEvents)
}
