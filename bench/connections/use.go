package connections

import (
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// heap returns how many bytes of the heap are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one made free by finalizers
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// processor returns how much time of the processor this process has used, and the kernel on its behalf.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// goroutines returns how many goroutines of this process run code of ours or of go-redis, and not of this comparison.
func goroutines() (n int) {
	var stacks strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&stacks, 1); err != nil {
		return 0
	}
	for group := range strings.SplitSeq(stacks.String(), "\n\n") {
		// "7 @ 0x47c2ee ..." and then a line for each function.
		count, _, found := strings.Cut(group[strings.LastIndex(group, "profile: total")+1:], " @ ")
		if i := strings.LastIndexByte(count, '\n'); i >= 0 {
			count = count[i+1:]
		}
		if !found || strings.Contains(group, "bench/connections.") {
			continue
		}
		for _, code := range []string{"entraredis/core/", "entraredis/bench/internal/peers", "redis/go-redis/"} {
			if strings.Contains(group, code) {
				if k, err := strconv.Atoi(count); err == nil {
					n += k
				}
				break
			}
		}
	}
	return n
}
