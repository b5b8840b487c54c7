package rawclients

import (
	"context"
	"errors"
	"strings"
	"time"
)

// A Pair is two equal servers, one for plain connections and one for ours.
type Pair struct {
	plain, ours *Site
	catalogue   *Catalogue
}

// OpenPair returns the pair of two servers, and asks the first for its commands. The connector makes the
// connections to the second.
func OpenPair(plain, ours string, connector Connector) (*Pair, error) {
	p := &Pair{}
	var err error
	if p.plain, err = OpenSite(plain, nil); err != nil {
		return nil, err
	}
	if p.ours, err = OpenSite(ours, connector); err != nil {
		return nil, errors.Join(err, p.plain.Close())
	}
	if p.catalogue, err = p.plain.Catalogue(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Close closes what OpenPair has opened.
func (p *Pair) Close() error { return errors.Join(p.plain.Close(), p.ours.Close()) }

// Catalogue returns the commands of the servers.
func (p *Pair) Catalogue() *Catalogue { return p.catalogue }

// Version returns the kind and version of the servers.
func (p *Pair) Version() (string, error) { return p.plain.Version() }

// Renewals returns how many AUTHs the server of our connections has run more than that of the plain
// ones. Each connection of either has logged in once.
func (p *Pair) Renewals() (int, error) {
	plain, ours, err := p.Calls("AUTH")
	return ours - plain, err
}

// Calls returns how often each server has run a command.
func (p *Pair) Calls(name string) (plain, ours int, err error) {
	plain, err = p.plain.Calls(name)
	ours, oursErr := p.ours.Calls(name)
	return plain, ours, errors.Join(err, oursErr)
}

// Run plays a script on both servers and compares. It returns nil if clients have read the same.
func (p *Pair) Run(ctx context.Context, s *Script, patience time.Duration) (*Difference, error) {
	if err := p.alignNumbers(); err != nil {
		return nil, err
	}
	plain, err := Play(ctx, p.plain, s, nil, patience)
	if err != nil {
		return nil, err
	}
	ours, err := Play(ctx, p.ours, s, plain, patience)
	if err != nil {
		return nil, err
	}
	return Compare(s, plain, ours), nil
}

// Blocks plays a script on the plain connections only, and reports whether client a is blocked at the
// end of it.
func (p *Pair) Blocks(ctx context.Context, s *Script, patience time.Duration) (bool, error) {
	plain, err := Play(ctx, p.plain, s, nil, patience)
	if err != nil {
		return false, err
	}
	_, flags, _ := strings.Cut(plain.Steps[len(plain.Steps)-1].State[0], " flags=")
	flags, _, _ = strings.Cut(flags, " ")
	return strings.Contains(flags, "b"), nil
}

// alignNumbers opens connections to the server that has counted fewer so far, so that the clients get
// the same numbers on both: they are in replies.
func (p *Pair) alignNumbers() error {
	plain, err := p.plain.nextNumber()
	if err != nil {
		return err
	}
	ours, err := p.ours.nextNumber()
	for err == nil && plain != ours {
		if plain < ours {
			plain, err = p.plain.nextNumber()
		} else {
			ours, err = p.ours.nextNumber()
		}
	}
	return err
}
