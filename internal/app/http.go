package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// listen opens the sockets of the process.
func (p *process) listen() (err error) {
	for _, l := range []struct {
		flag string
		addr Address
		to   **net.TCPListener
	}{
		{"--http", p.HTTP, &p.edgeListener},
		{"--api", p.API, &p.apiListener},
		{"--ops", p.Ops, &p.opsListener},
	} {
		if l.addr.Off() {
			continue
		}
		ln, err := net.Listen("tcp", string(l.addr))
		if err != nil {
			var cause syscall.Errno
			if errors.As(err, &cause) {
				return fmt.Errorf("listen on %s %s: %s", l.flag, l.addr, cause.Error())
			}
			return fmt.Errorf("listen on %s %s: %w", l.flag, l.addr, err)
		}
		*l.to = ln.(*net.TCPListener)
	}
	return nil
}

func (p *process) closeListeners() {
	for _, ln := range []*net.TCPListener{p.edgeListener, p.apiListener, p.opsListener} {
		if ln != nil {
			_ = ln.Close()
		}
	}
}

// loadAPICertificate reads the certificate of the API, so that a bad one is
// found before anything is started.
func (p *process) loadAPICertificate() error {
	if p.APICert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(p.APICert, p.APIKey)
	if err != nil {
		return fmt.Errorf("load --api-cert %s and --api-key %s: %w", p.APICert, p.APIKey, err)
	}
	p.apiTLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	return nil
}

func (p *process) serveAPI(s *http.Server) error {
	if p.apiTLS == nil {
		return s.Serve(p.apiListener)
	}
	s.TLSConfig = p.apiTLS
	return s.ServeTLS(p.apiListener, "", "")
}

// limitSlowClients bounds what an unfinished request of a management client
// may hold.
func limitSlowClients(s *http.Server) {
	s.ReadHeaderTimeout = 10 * time.Second
	s.ReadTimeout = time.Minute
	s.IdleTimeout = 2 * time.Minute
	s.MaxHeaderBytes = 64 << 10
}

// apiHandler serves the API and, for balancers before it, the health checks.
func (p *process) apiHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", p.control.handler)
	p.health(mux)
	return mux
}

func (p *process) opsHandler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	p.health(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

func (p *process) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case p.leaving.Load():
			http.Error(w, "draining", http.StatusServiceUnavailable)
		case !p.configured():
			http.Error(w, "edge: waiting for its first configuration", http.StatusServiceUnavailable)
		default:
			_, _ = io.WriteString(w, "ready\n")
		}
	})
}

func (p *process) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		p.edge.Journal(),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "cistern_viewer_connections", Help: "Open viewer connections.",
		}, func() float64 { return float64(p.viewers.Connections()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "cistern_configuration_revision", Help: "Revision of the configuration that the edge serves.",
		}, func() float64 { return float64(p.edge.Revision()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "cistern_build_info", Help: "Always 1; the label tells the version.",
			ConstLabels: prometheus.Labels{"version": p.version, "go": runtime.Version()},
		}, func() float64 { return 1 }),
	)
	return r
}
