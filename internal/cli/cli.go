// Package cli has the client verbs of the program: what one does with zones,
// origins and purges from a shell. They know nothing but the REST API.
package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"github.com/cistern-cdn/cistern/client"
)

// Verbs are the client verbs, to be embedded in the program's command line. A
// verb prints its result to kong's Stdout and warnings to Stderr. Its error is
// for people, says what to do, and may have several lines.
type Verbs struct {
	Zone   zoneVerbs   `cmd:"" help:"Zones: what is delivered under which hostnames."`
	Origin originVerbs `cmd:"" help:"Origins: the buckets and servers of a zone."`
	Purge  purge       `cmd:"" help:"Forget stored objects of a zone on every edge."`
}

// A remote is the API that a verb works on, and how its answers are printed.
// Every verb embeds one.
type remote struct {
	API    string `name:"api" env:"CISTERN_API" default:"http://127.0.0.1:7480" placeholder:"URL" help:"Address of the API."`
	Token  string `name:"token" env:"CISTERN_TOKEN" placeholder:"TOKEN" help:"Token to call it with. Other users of this machine can read a command line: prefer the variable."`
	CAFile string `name:"api-ca-file" env:"CISTERN_API_CA_FILE" placeholder:"FILE" help:"Trust an API whose certificate comes from an authority in this file (PEM), besides those that the system trusts."`
	Output string `name:"output" env:"CISTERN_OUTPUT" enum:"table,json" default:"table" help:"table for people, json for programs: the API's own object."`

	sent []byte // body of the newest request; nil: it has none
}

// open returns a client of the API.
func (r *remote) open() (*client.ClientWithResponses, error) {
	u, err := url.Parse(r.API)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("read --api %q: want http://HOST:PORT or https://HOST:PORT", r.API)
	}
	if strings.TrimSpace(r.Token) == "" {
		return nil, errors.New("no token given: set CISTERN_TOKEN or --token\n" + whereTokenLies)
	}
	caller := &http.Client{Timeout: time.Minute}
	if r.CAFile != "" {
		if u.Scheme != "https" {
			return nil, fmt.Errorf("read --api-ca-file: it has no effect, as --api %q is not https", r.API)
		}
		if caller.Transport, err = trusting(r.CAFile); err != nil {
			return nil, err
		}
	}
	return client.NewClientWithResponses(strings.TrimSuffix(r.API, "/"), client.WithHTTPClient(caller), client.WithRequestEditorFn(r.edit))
}

// edit signs in, and keeps the body for what the answer says of it.
func (r *remote) edit(_ context.Context, req *http.Request) error {
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(r.Token))
	r.sent = nil
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return err
	}
	r.sent, err = io.ReadAll(body)
	return err
}

// trusting returns a transport that also trusts the authorities of a file.
func trusting(file string) (http.RoundTripper, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read --api-ca-file: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without certificates
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read --api-ca-file %s: it holds no certificate in PEM form", file)
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}, nil
}

const whereTokenLies = `The first owner token lies in admin.token in the data directory of "cistern serve", unless CISTERN_ADMIN_TOKEN was set there:
  export CISTERN_TOKEN=$(cat cistern-data/admin.token)`

// An answer is what every response of the generated client has.
type answer interface {
	StatusCode() int
	ContentType() string
	GetApplicationProblemJSONDefault() *client.Problem
}

// judge turns what a call of the client returned into an error for people, or
// nil if it succeeded.
func (r *remote) judge(a answer, err error) error {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("call API: nothing listens on %s\nStart it with \"cistern serve\", or name its address with --api or CISTERN_API", r.API)
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return fmt.Errorf("call API %s: its certificate comes from an authority that is not trusted here\nName the file with that authority's certificate in --api-ca-file or CISTERN_API_CA_FILE", r.API)
	case err != nil:
		var lookUp *net.DNSError
		if errors.As(err, &lookUp) {
			return fmt.Errorf("call API %s: host %s is not known", r.API, lookUp.Name)
		}
		return fmt.Errorf("call API %s: %w", r.API, err)
	case a.GetApplicationProblemJSONDefault() != nil:
		return problemError(a.GetApplicationProblemJSONDefault(), r.sent)
	case a.StatusCode() == http.StatusNoContent,
		a.StatusCode() < 300 && strings.HasPrefix(a.ContentType(), "application/json"):
		return nil
	}
	return fmt.Errorf("call API: %s answered status %d, which is no answer of Cistern: is --api right?", r.API, a.StatusCode())
}

// show prints an object of the API: as it came, or by table.
func (r *remote) show(k *kong.Kong, body []byte, table func(*tabwriter.Writer)) error {
	if r.Output == "json" {
		var b bytes.Buffer
		if err := json.Indent(&b, bytes.TrimSpace(body), "", "  "); err != nil {
			return fmt.Errorf("print answer: %w", err)
		}
		_, err := fmt.Fprintln(k.Stdout, b.String())
		return err
	}
	w := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
	table(w)
	return w.Flush()
}

// say tells people what was done. Programs get what the API answers: nothing.
func (r *remote) say(k *kong.Kong, format string, args ...any) error {
	if r.Output == "json" {
		return nil
	}
	_, err := fmt.Fprintf(k.Stdout, format+"\n", args...)
	return err
}

// line writes the cells of one row of a table.
func line(w io.Writer, cells ...any) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		text := fmt.Sprint(c)
		if text == "" {
			text = "-"
		}
		fmt.Fprint(w, text)
	}
	fmt.Fprintln(w)
}

// warn prints the warnings of an object. Origins are those of a zone, whose
// warnings a zone shows as well.
func warn(k *kong.Kong, warnings []client.Warning, origins []client.Origin) {
	for _, w := range warnings {
		of, field := "", w.Field
		if at, below, ok := strings.Cut(strings.TrimPrefix(w.Field, "origins."), "."); ok && isIndex(at) {
			if i, err := strconv.Atoi(at); err == nil && i < len(origins) {
				of, field = "origin "+origins[i].Name+": ", below
			}
		}
		fmt.Fprintf(k.Stderr, "warning: %s%s: %s\n", of, cmp.Or(label(field, nil), w.Code), inFlags(w.Message))
	}
}

// yes writes a switch for people.
func yes(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}
