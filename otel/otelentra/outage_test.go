package otelentra_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

// A cache is away for 12 minutes, longer than the return of connections has to do with its load.
func TestTheReturnAfterALongOutageIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const connections = 60
		s := newService(t, redis.Options{PoolSize: connections, MaxRetries: -1, ConnMaxIdleTime: -1})
		defer s.close()
		s.fill(connections)
		away := s.gateway.Inject(entratest.WireFault{RefuseConn: true})
		lost := s.gateway.DropAll()
		for range 12 {
			s.fill(connections)
			time.Sleep(time.Minute)
		}
		away.Remove()
		for range 10 { // go-redis dials with a backoff
			s.fill(connections)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if n := s.count("entraredis.connection.reconnections", atGateway(reasonKey(entra.CloseByServer))); n != connections || lost != connections {
			t.Errorf("%d of %d connections that were lost have come back, want %d", n, lost, connections)
		}
		if !s.records {
			return
		}
		spans := s.named("reconnect")
		if len(spans) != connections {
			t.Fatalf("%d spans of reconnects, want %d", len(spans), connections)
		}
		for _, span := range spans {
			if outage := span.EndTime().Sub(span.StartTime()); outage < 12*time.Minute || outage > 14*time.Minute {
				t.Errorf("an outage lasts %v", outage)
			}
		}
	})
}
