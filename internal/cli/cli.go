// Package cli has the client verbs of the program: what one does with zones,
// origins and purges from a shell. They know nothing but the REST API.
package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
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
	Output string `name:"output" env:"CISTERN_OUTPUT" enum:"table,json" default:"table" help:"table for people, json for programs: the API's own object."`
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
	return client.NewClientWithResponses(strings.TrimSuffix(r.API, "/"), client.WithHTTPClient(&http.Client{Timeout: time.Minute}),
		client.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(r.Token))
			return nil
		}))
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
	case err != nil:
		var lookUp *net.DNSError
		if errors.As(err, &lookUp) {
			return fmt.Errorf("call API %s: host %s is not known", r.API, lookUp.Name)
		}
		return fmt.Errorf("call API %s: %w", r.API, err)
	case a.GetApplicationProblemJSONDefault() != nil:
		return problemError(a.GetApplicationProblemJSONDefault())
	case a.StatusCode() == http.StatusNoContent,
		a.StatusCode() < 300 && strings.HasPrefix(a.ContentType(), "application/json"):
		return nil
	}
	return fmt.Errorf("call API: %s answered status %d, which is no answer of Cistern: is --api right?", r.API, a.StatusCode())
}

// problemError writes a problem as text: title and detail, then each field,
// then what to do.
func problemError(p *client.Problem) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p.Title, p.Detail)
	errs := map[string][]client.Fault{}
	if p.Errors != nil {
		errs = *p.Errors
	}
	for _, field := range slices.Sorted(maps.Keys(errs)) {
		for _, f := range errs[field] {
			if !strings.Contains(p.Detail, f.Message) {
				fmt.Fprintf(&b, "\n  %s: %s", field, f.Message)
			}
		}
	}
	if p.Hint != nil && *p.Hint != "" {
		b.WriteString("\n" + *p.Hint)
	}
	switch p.Status {
	case http.StatusUnauthorized:
		b.WriteString("\nThe token comes from CISTERN_TOKEN or --token. " + whereTokenLies)
	case http.StatusInternalServerError:
		b.WriteString("\nRequest id: " + p.RequestID)
	}
	return errors.New(b.String())
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

// warn prints the warnings of an object.
func warn(k *kong.Kong, warnings []client.Warning) {
	for _, w := range warnings {
		fmt.Fprintf(k.Stderr, "warning: %s: %s\n", cmp.Or(w.Field, w.Code), w.Message)
	}
}

// yes writes a switch for people.
func yes(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}
