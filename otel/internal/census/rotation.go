package census

import (
	"slices"
	"time"

	"github.com/entraredis/entraredis/core/entra"
)

// A rotation is one that is under way.
type rotation struct {
	begun   time.Time
	planned int
	window  time.Duration
	expires time.Time // of its token
}

// rotate takes note of a rotation. Connections with an older token that the rotation does not plan
// for are left out of it, because they cannot be renewed.
func (p *pool) rotate(info entra.RotationStartInfo) *rotation {
	r := &rotation{begun: info.At, planned: info.Connections, window: info.Window, expires: info.ExpiresOn}
	p.rotations = append(p.rotations, r)
	planned, behind := 0, 0
	for _, r := range p.rotations {
		planned += r.planned
	}
	for _, co := range p.cohorts {
		if p.behind(co) {
			behind += co.size
		}
	}
	p.barred = max(0, behind-planned)
	return r
}

// rotated ends a rotation; if it is nil, because its context was lost on the way, the oldest.
func (p *pool) rotated(r *rotation) {
	i := max(0, slices.Index(p.rotations, r))
	if i < len(p.rotations) {
		p.rotations = slices.Delete(p.rotations, i, i+1)
	}
	if len(p.rotations) == 0 {
		p.barred = 0
	}
}

// behind reports whether a cohort holds another token than the rotations bring.
func (p *pool) behind(co *cohort) bool {
	for _, r := range p.rotations {
		if co.token.ExpiresOn.Equal(r.expires) {
			return false
		}
	}
	return len(p.rotations) > 0
}

// rotation sums up what is under way. Pending is counted from the cohorts and not down from the plan, because
// connections that log in late with the older token join a rotation unannounced.
func (p *pool) rotation() Rotation {
	var sum Rotation
	for i, r := range p.rotations {
		if i == 0 {
			sum.Begun = r.begun
		}
		sum.Planned += r.planned
		sum.Window = max(sum.Window, r.window)
		sum.ExpiresOn = r.expires
	}
	for _, co := range p.cohorts {
		if p.behind(co) {
			sum.Pending += co.size
		}
	}
	sum.Pending = max(0, sum.Pending-p.barred)
	return sum
}
