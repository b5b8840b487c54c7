package adaptertest

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A tap is a credential that remembers which tokens it gave.
type tap struct {
	cred azcore.TokenCredential
	sts  *entratest.STS

	mu     sync.Mutex
	tokens []string
	ids    []string // of the tokens, in the same order
}

func (p *tap) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := p.cred.GetToken(ctx, opts)
	if err != nil {
		return token, err
	}
	claims, verr := p.sts.Verify(token.Token)
	p.mu.Lock()
	defer p.mu.Unlock()
	if verr == nil && (len(p.ids) == 0 || p.ids[len(p.ids)-1] != claims.TokenID) {
		p.tokens = append(p.tokens, token.Token)
		p.ids = append(p.ids, claims.TokenID)
	}
	return token, nil
}

// issued returns the ids of the different tokens so far, in order.
func (p *tap) issued() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.ids...)
}

// secrets returns what no output may contain: the payload and the signature of each token. The
// header is the same for all tokens and holds no secret.
func (p *tap) secrets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var parts []string
	for _, token := range p.tokens {
		_, rest, _ := strings.Cut(token, ".")
		parts = append(parts, strings.Split(rest, ".")...)
	}
	return parts
}

// An output collects all that a program could print.
type output struct {
	mu     sync.Mutex
	text   strings.Builder
	closed map[string]int // connections by the reason why they were closed, as the observer was told
	next   chan struct{}  // closed when another one was closed; nil while no scenario waits for that
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// saw takes note of an error that the client returned, and gives it back.
func (o *output) saw(err error) error {
	if err != nil {
		fmt.Fprintf(o, "%v\n%+v\n%#v\n", err, err, err)
	}
	return err
}

func (o *output) holds(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(o.text.String(), text)
}

// count returns how often a text was written down.
func (o *output) count(text string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Count(o.text.String(), text)
}

// shortestLeak is how many bytes of a token in a row no output may contain.
const shortestLeak = 12

// holdsPieceOf reports whether a piece of a secret was written down.
func (o *output) holdsPieceOf(secrets []string) bool {
	pieces := map[string]bool{}
	for _, secret := range secrets {
		for at := 0; at+shortestLeak <= len(secret); at++ {
			pieces[secret[at:at+shortestLeak]] = true
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	text := o.text.String()
	for at := 0; at+shortestLeak <= len(text); at++ {
		if pieces[text[at:at+shortestLeak]] {
			return true
		}
	}
	return false
}

// observer writes down everything that an Observer is told.
func (o *output) observer() *entra.Observer {
	return &entra.Observer{
		RefreshStart:  start[entra.RefreshStartInfo](o),
		RefreshDone:   done[entra.RefreshDoneInfo](o),
		ConnOpened:    start[entra.ConnOpenedInfo](o),
		ConnClosed:    o.ended,
		AuthStart:     start[entra.AuthStartInfo](o),
		AuthDone:      done[entra.AuthDoneInfo](o),
		RotationStart: start[entra.RotationStartInfo](o),
		RotationDone:  done[entra.RotationDoneInfo](o),
		Reconnected:   done[entra.ReconnectedInfo](o),
	}
}

// ended writes down the end of a connection.
func (o *output) ended(ctx context.Context, info entra.ConnClosedInfo) {
	done[entra.ConnClosedInfo](o)(ctx, info)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed == nil {
		o.closed = map[string]int{}
	}
	o.closed[fmt.Sprint(info.Reason, " ", info.Err)]++
	if o.next != nil {
		close(o.next)
		o.next = nil
	}
}

// endings returns why connections were closed, and how many for each reason.
func (o *output) endings() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.closed)
}

// closedFor returns how many connections were closed for a reason.
func (o *output) closedFor(reason entra.CloseReason) (n int) {
	for why, times := range o.endings() {
		if strings.HasPrefix(why, fmt.Sprint(reason, " ")) {
			n += times
		}
	}
	return n
}

// awaitEndings returns the same once the observer has been told of so many connections, or when ctx has
// ended: it is called in a goroutine of its own.
func (o *output) awaitEndings(ctx context.Context, n int) map[string]int {
	for {
		closed, next := o.endingsAndNext()
		count := 0
		for _, ended := range closed {
			count += ended
		}
		if count >= n {
			return closed
		}
		select {
		case <-next:
		case <-ctx.Done():
			return closed
		}
	}
}

// endingsAndNext returns the endings so far, and a channel that is closed with the next one.
func (o *output) endingsAndNext() (closed map[string]int, next <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.next == nil {
		o.next = make(chan struct{})
	}
	return maps.Clone(o.closed), o.next
}

func start[I any](o *output) func(context.Context, I) context.Context {
	return func(ctx context.Context, info I) context.Context {
		fmt.Fprintf(o, "%+v\n%#v\n", info, info)
		return ctx
	}
}

func done[I any](o *output) func(context.Context, I) {
	return func(_ context.Context, info I) { fmt.Fprintf(o, "%+v\n%#v\n", info, info) }
}
