package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
)

// A service is what has the incident.
type service struct {
	incident
	program string
	dir     string // where its output goes
	listen  string // the address of its metrics
	pace    func(time.Duration) time.Duration
	azure   *azure
	record  *record
}

// run plays the incident until ctx ends.
func (s *service) run(ctx context.Context, started time.Time) error {
	if s.life == firstLife {
		go s.scheduleRenewal(ctx)
	}
	go s.watch(ctx)
	pods := make(chan error, 1)
	launch := func() (end func()) {
		ctx, cancel := context.WithCancel(ctx)
		go func() {
			defer cancel()
			pods <- s.pod(ctx)
		}()
		return cancel
	}
	endPod, isDeploy := launch(), false

	toBegin, toEnd := time.After(time.Until(started.Add(s.pace(begin)))), (<-chan time.Time)(nil)
	var fault *entratest.FaultHandle
	backoff := s.pace(10 * time.Second)
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			if again == nil {
				<-pods
			}
			return nil
		case <-toBegin:
			s.record.begin()
			if s.trouble == nil {
				continue
			}
			fault = s.trouble(s.azure)
			go s.watchEntra(ctx, fault)
			toEnd = time.After(s.pace(s.lasts))
			if s.restart {
				isDeploy = true
				endPod()
			}
		case <-toEnd:
			fault.Remove()
			s.record.add(truth, "the trouble is over", time.Now(), 0)
		case err := <-pods:
			switch {
			case ctx.Err() != nil: // it ended for that reason
				return nil
			case !s.restart:
				return err
			case isDeploy:
				isDeploy = false
				endPod = launch()
			default:
				s.record.add(truth, "the service ends with an error", time.Now(), 1)
				again = time.After(backoff)
				backoff = min(2*backoff, s.pace(5*time.Minute))
			}
		case <-again:
			again = nil
			endPod = launch()
		}
	}
}

// scheduleRenewal gives the second token a usual life and an early renewal, so that the renewal falls into the incident.
func (s *service) scheduleRenewal(ctx context.Context) {
	for s.azure.sts.Issued() < 1 {
		if !rest(ctx, 50*time.Millisecond) {
			return
		}
	}
	s.azure.sts.SetLifetime(entratest.DefaultLifetime)
	s.azure.sts.SetRefreshIn(s.pace(refreshIn))
	for s.azure.sts.Issued() < 2 {
		if !rest(ctx, 50*time.Millisecond) {
			return
		}
	}
	s.azure.sts.SetRefreshIn(0)
}

func (s *service) flags() []string {
	all := []string{"-pod", "-listen", s.listen, "-entra", s.azure.entra, "-conns", strconv.Itoa(s.conns), "-patience", s.patience.String()}
	for _, c := range s.azure.caches {
		all = append(all, "-cache", c.name+"="+c.gateway.Addr())
	}
	return all
}

// watch notes what the fake Entra and the gateways see, each second.
func (s *service) watch(ctx context.Context) {
	issued := s.azure.sts.Issued()
	auths, expired := make([]int, len(s.azure.caches)), make([]int, len(s.azure.caches))
	loggedIn := make([]map[int]bool, len(s.azure.caches))
	for rest(ctx, time.Second) {
		if n := s.azure.sts.Issued(); n > issued {
			s.record.add(truth, "Entra issues a token", time.Now(), float64(n-issued))
			issued = n
		}
		for i, c := range s.azure.caches {
			if loggedIn[i] == nil {
				loggedIn[i] = map[int]bool{}
			}
			seen := c.gateway.Auths()
			for _, a := range seen[auths[i]:] {
				switch {
				case a.Err != "":
					s.record.add(truth, c.name+" refuses an AUTH", a.At, 1)
				case loggedIn[i][a.Conn]:
					s.record.add(truth, c.name+" accepts a renewal on an open connection", a.At, 1)
				default:
					s.record.add(truth, c.name+" accepts a login", a.At, 1)
					loggedIn[i][a.Conn] = true
				}
			}
			auths[i] = len(seen)
			if n := c.gateway.Stats().Expired; n > expired[i] {
				s.record.add(truth, c.name+" closes a connection: its token has expired", time.Now(), float64(n-expired[i]))
				expired[i] = n
			}
		}
	}
}

// watchEntra notes when the fake Entra turns a request down. A fault of a gateway is in its AUTHs.
func (s *service) watchEntra(ctx context.Context, fault *entratest.FaultHandle) {
	for hits := 0; !s.refuses && rest(ctx, time.Second); {
		if n := fault.Hits(); n > hits {
			s.record.add(truth, "Entra answers 503", time.Now(), float64(n-hits))
			hits = n
		}
	}
}

// pod runs the service's process until that ends or ctx does.
func (s *service) pod(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, s.program, s.flags()...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	problems, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(s.dir, s.job+".jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	var wg sync.WaitGroup
	wg.Go(func() { lines(io.TeeReader(out, file), s.record.readOut) })
	wg.Go(func() { lines(io.TeeReader(problems, file), s.record.readLog) })
	wg.Wait()
	return cmd.Wait()
}
