// Command hit measures what a hit of a small object costs: the CPU time of
// the server per request, Cistern's beside that of nginx, in rounds that take
// turns. CPU time is the figure because wall time on a shared machine tells
// more about the neighbours.
//
// "make bench-hit" builds what it needs and runs it from the root of the
// repository.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/cistern-cdn/cistern/test/s3test/remote"
	"github.com/cistern-cdn/cistern/test/s3test/stub"
)

// The object and the zone that both sides serve.
const (
	hostname = "cdn.test"
	target   = "/object"
	size     = 1024
)

// options are the flags.
type options struct {
	rounds      int
	duration    time.Duration
	connections int
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 7, "rounds for each server")
	flag.DurationVar(&o.duration, "duration", 4*time.Second, "length of a round")
	flag.IntVar(&o.connections, "connections", 64, "keep-alive connections")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, &o); err != nil {
		fmt.Fprintln(os.Stderr, "bench-hit:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o *options) (err error) {
	dir, err := os.MkdirTemp("", "cistern-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// nginx's workers, which may run as another user, write below it.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	origin, err := startOrigin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, origin.Close()) }()

	cistern, err := startCistern(ctx, filepath.Join(dir, "cistern"), origin.Origin)
	if err != nil {
		return err
	}
	defer cistern.stop()
	nginx, err := startNginx(ctx, filepath.Join(dir, "nginx"), origin.Origin)
	if err != nil {
		return err
	}
	defer nginx.stop()

	servers := []*server{cistern, nginx}
	if err := measure(ctx, o, servers); err != nil {
		return err
	}
	report(o, servers)
	return nil
}

// startOrigin starts a web server with the one object.
func startOrigin(ctx context.Context) (*remote.Process, error) {
	origin, err := remote.Start("bin/s3test", "stub", "-plain")
	if err != nil {
		return nil, err
	}
	body := []byte(strings.Repeat("x", size))
	return origin, origin.SetAnswer(ctx, target, stub.Answer{Body: body, Fields: []string{"Cache-Control: max-age=86400", "Content-Type: text/plain"}})
}

// measure runs the rounds, the servers taking turns.
func measure(ctx context.Context, o *options, servers []*server) error {
	for round := range o.rounds + 1 {
		for _, s := range servers {
			if err := s.expectHit(ctx); err != nil {
				return err
			}
			before, err := s.cpu()
			if err != nil {
				return err
			}
			load, err := runLoad(ctx, o, s.addr)
			if err != nil {
				return err
			}
			after, err := s.cpu()
			if err != nil {
				return err
			}
			if round == 0 {
				continue // warms up connections, caches and branch predictors
			}
			s.cost = append(s.cost, float64((after-before).Microseconds())/float64(load.requests))
			s.rate = append(s.rate, load.perSecond)
		}
	}
	return nil
}

// A load is what wrk did in a round.
type load struct {
	requests  int64
	perSecond float64
}

var (
	requestsLine = regexp.MustCompile(`(?m)^\s*(\d+) requests in `)
	rateLine     = regexp.MustCompile(`(?m)^Requests/sec:\s*([0-9.]+)`)
	faultLine    = regexp.MustCompile(`(?m)^\s*(Non-2xx.*|Socket errors.*)$`)
)

// runLoad lets wrk ask for the object as fast as it is answered.
func runLoad(ctx context.Context, o *options, addr string) (load, error) {
	wrk := exec.CommandContext(ctx, "wrk", "-t1", "-c"+strconv.Itoa(o.connections), "-d"+strconv.Itoa(int(o.duration.Seconds())),
		"-H", "Host: "+hostname, "http://"+addr+target)
	output, err := wrk.CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("run wrk: %w\n%s", err, output)
	}
	if fault := faultLine.Find(output); fault != nil {
		return load{}, fmt.Errorf("load on %s: %s", addr, fault)
	}
	var l load
	requests, rate := requestsLine.FindSubmatch(output), rateLine.FindSubmatch(output)
	if requests == nil || rate == nil {
		return load{}, fmt.Errorf("read output of wrk:\n%s", output)
	}
	if l.requests, err = strconv.ParseInt(string(requests[1]), 10, 64); err != nil {
		return load{}, err
	}
	l.perSecond, err = strconv.ParseFloat(string(rate[1]), 64)
	return l, err
}

// report prints the table.
func report(o *options, servers []*server) {
	fmt.Printf("machine   %s\n", machine())
	fmt.Printf("programs  %s; %s; %s; %s\n", servers[0].version, servers[1].version, wrkVersion(), runtime.Version())
	fmt.Printf("load      hits of %d bytes from memory, HTTP/1.1, %d keep-alive connections, access logs on and buffered\n", size, o.connections)
	fmt.Printf("rounds    %d for each server, %v each, taking turns\n\n", o.rounds, o.duration)
	fmt.Printf("%-10s %28s %24s\n", "", "server CPU µs per request", "requests/s")
	fmt.Printf("%-10s %10s %17s %24s\n", "", "median", "min\u2013max", "median")
	for _, s := range servers {
		low, median, high := spread(s.cost)
		_, rate, _ := spread(s.rate)
		fmt.Printf("%-10s %10.2f %17s %24.0f\n", s.name, median, fmt.Sprintf("%.2f\u2013%.2f", low, high), rate)
	}
	_, ours, _ := spread(servers[0].cost)
	_, theirs, _ := spread(servers[1].cost)
	fmt.Printf("\nper CPU second, cistern serves %.2f times the hits of nginx\n", theirs/ours)
}
