// Package app wires one process: it opens what the planes need, starts them
// in order, says when they are ready, and stops them so that no request is
// cut.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge"
	"github.com/cistern-cdn/cistern/internal/edge/journal"
	"github.com/cistern-cdn/cistern/internal/edge/listen/h1"
	"github.com/cistern-cdn/cistern/internal/link"
)

// A process is what Serve runs.
type process struct {
	Config
	log     *slog.Logger
	version string

	edgeListener, apiListener, opsListener *net.TCPListener // nil: off

	apiTLS  *tls.Config // nil: the API is plain HTTP
	edge    *edge.Edge
	hub     *link.Hub
	control *control
	viewers *h1.Server

	accessFile *logFile // nil: there is no file

	leaving  atomic.Bool // /readyz tells it
	draining atomic.Bool // parts may end
	failed   chan error  // the first failure of a part that must not end
	parts    sync.WaitGroup
}

// Serve runs a process of role all until ctx ends, and then drains it.
func Serve(ctx context.Context, c Config, version string) error {
	if err := c.Validate(); err != nil {
		return err
	}
	p := &process{Config: c, version: version, log: c.logger(), failed: make(chan error, 1)}
	for _, m := range c.Misspelt {
		p.log.Warn("environment variable has no effect", "variable", m.Name, "did_you_mean", m.Meant)
	}
	if err := p.loadAPICertificate(); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	// Sockets first: a taken port is found before anything is opened.
	if err := p.listen(); err != nil {
		p.closeListeners()
		return err
	}
	accessLog, err := p.openAccessLog()
	if err != nil {
		p.closeListeners()
		return err
	}
	p.hub = link.NewHub()
	if p.edge, err = edge.New(edge.Options{
		CacheMemory: int64(c.CacheMemory),
		FillBudget:  time.Duration(c.FillBudget),
		BaseDomain:  string(c.BaseDomain),
		Addresses:   c.AllowPrivateOrigins.AddressPolicy,
		AccessLog:   accessLog,
		Log:         p.log,
	}); err != nil {
		p.closeListeners()
		return err
	}
	if p.control, err = openControl(ctx, p); err != nil {
		p.closeListeners()
		return errors.Join(err, p.edge.Close())
	}
	return errors.Join(p.run(ctx, accessLog), p.control.close(), p.edge.Close())
}

// run starts the parts, waits for the end of ctx or for the failure of one,
// and stops them in the reverse order.
func (p *process) run(ctx context.Context, accessLog *journal.Log) error {
	stopping, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	logging, stopLogging := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLogging()

	var logged sync.WaitGroup
	if accessLog != nil {
		logged.Go(func() { _ = accessLog.Run(logging) })
	}
	logged.Go(func() { p.reopen(logging, accessLog) })
	p.start("publish configuration", func() error { return p.control.publisher.Run(stopping) })
	p.start("serve edge link", func() error { return p.hub.Run(stopping, edgeName, p.control.edgeUUID, p.edge) })

	p.viewers = h1.New(h1.Options{
		Handler: p.edge, Log: p.log, Refused: p.edge.Journal().Refused,
		MaxPerAddress: int(p.MaxConnectionsPerAddress),
	})
	registry := p.metrics()
	ops := &http.Server{Handler: p.opsHandler(registry), ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelWarn)}
	api := &http.Server{Handler: p.apiHandler(), ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelWarn)}
	limitSlowClients(ops)
	limitSlowClients(api)
	if p.opsListener != nil {
		p.start("serve ops", func() error { return ops.Serve(p.opsListener) })
	}
	if p.apiListener != nil {
		p.start("serve api", func() error { return p.serveAPI(api) })
	}
	err := p.awaitConfiguration(ctx)
	if err == nil {
		if p.edgeListener != nil {
			p.start("serve viewers", func() error { return p.viewers.Serve(p.edgeListener) })
		}
		p.announce()
		select {
		case <-ctx.Done():
			err = p.leave()
		case err = <-p.failed:
		}
	}

	p.leaving.Store(true)
	p.draining.Store(true)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(p.DrainTimeout))
	defer cancel()
	defer context.AfterFunc(drain, p.edge.Abort)()
	_ = p.viewers.Shutdown(drain) // it logs what it had to cut
	_ = api.Shutdown(drain)
	stop()
	_ = ops.Close()
	p.closeListeners()
	p.parts.Wait()
	stopLogging()
	logged.Wait()
	if p.accessFile != nil {
		err = errors.Join(err, p.accessFile.Close())
	}
	return err
}

// leave tells balancers that the process is about to end, and serves on for as
// long as they need to notice.
func (p *process) leave() error {
	p.leaving.Store(true)
	p.log.Info("draining", "begins_in", time.Duration(p.DrainDelay), "at_most", time.Duration(p.DrainTimeout))
	select {
	case <-time.After(time.Duration(p.DrainDelay)):
		return nil
	case err := <-p.failed:
		return err
	}
}

// reopen opens the access log's file anew whenever it is asked to.
func (p *process) reopen(ctx context.Context, log *journal.Log) {
	for {
		select {
		case <-p.Reopen:
		case <-ctx.Done():
			return
		}
		if p.accessFile == nil {
			continue
		}
		log.Flush() // what was recorded so far belongs to the old file
		if err := p.accessFile.Reopen(); err != nil {
			p.log.Error("reopen access log", "error", err)
			continue
		}
		p.log.Info("access log reopened", "file", p.AccessLog)
	}
}

// awaitConfiguration returns when the edge serves what is stored.
func (p *process) awaitConfiguration(ctx context.Context) error {
	for {
		changed := p.hub.Changed()
		if p.configured() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		case err := <-p.failed:
			return err
		}
	}
}

func (p *process) configured() bool {
	for _, e := range p.hub.Edges() {
		if e.Revision > 0 {
			return true
		}
	}
	return false
}

// start runs a part of the process; its error ends the process, unless it
// comes from being stopped.
func (p *process) start(name string, run func() error) {
	p.parts.Go(func() {
		err := run()
		if err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, context.Canceled) || p.draining.Load() {
			return
		}
		select {
		case p.failed <- fmt.Errorf("%s: %w", name, err):
		default:
		}
	})
}

func (p *process) openAccessLog() (_ *journal.Log, err error) {
	format := journal.Text
	if p.LogFormat == "json" {
		format = journal.JSON
	}
	switch p.AccessLog {
	case "", "off":
		return nil, nil
	case "-":
		return journal.NewLog(os.Stdout, format, p.log), nil
	}
	if p.accessFile, err = openLogFile(p.AccessLog); err != nil {
		return nil, fmt.Errorf("open --access-log: %w", err)
	}
	return journal.NewLog(p.accessFile, format, p.log), nil
}

func (c *Config) logger() *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}

// announce says where everything is, once it is there.
func (p *process) announce() {
	p.log.Info("serving", "version", p.version, "http", p.HTTP, "api", p.API, "ops", p.Ops, "data", p.Data)
	if p.AdminToken == "" && p.apiListener != nil {
		p.log.Info("owner token", "file", filepath.Join(p.Data, tokenFile))
	}
}
