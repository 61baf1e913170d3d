package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"github.com/cistern-cdn/cistern/client"
)

type purge struct {
	remote
	zoneArg
	URLs    []string      `arg:"" optional:"" name:"url" help:"/path?query for all hostnames of the zone, or a full URL on one of them."`
	Prefix  []string      `name:"prefix" env:"-" sep:"none" placeholder:"/PATH" help:"Everything whose path begins so, /img/ or /img*; may be repeated."`
	Tag     []string      `name:"tag" env:"-" sep:"none" placeholder:"TAG" help:"Everything that the origin gave this tag; may be repeated."`
	All     bool          `name:"all" env:"-" help:"Everything of the zone."`
	Soft    bool          `name:"soft" env:"-" help:"Objects count as stale and are validated, instead of being forgotten."`
	DryRun  bool          `name:"dry-run" env:"-" help:"Count what matches, and forget nothing."`
	Wait    bool          `name:"wait" env:"-" help:"Return when every live edge has applied it; a dry run always waits."`
	Timeout time.Duration `name:"timeout" env:"-" default:"1m" help:"Longest time to wait."`
}

// pollInterval is how often a purge that is waited for is looked at.
const pollInterval = 20 * time.Millisecond

// Help is an example.
func (purge) Help() string {
	return "URLs, prefixes and tags make one purge each.\n\nExamples:\n\n" +
		"    cistern purge cdn.example.com /index.html \"/tour/M\u00fcnchen 1.jpg\" --wait\n" +
		"    cistern purge cdn.example.com --prefix /img/ --tag article-7 --soft --dry-run"
}

// Validate wants something to purge.
func (v *purge) Validate() error {
	if v.All == (len(v.URLs)+len(v.Prefix)+len(v.Tag) > 0) {
		return errors.New("give either what to purge (URLs, --prefix or --tag), or --all for everything of the zone")
	}
	return nil
}

// bodies returns the purges to order: one for each way of naming objects.
func (v *purge) bodies() []client.PurgeCreate {
	var out []client.PurgeCreate
	add := func(name func(*client.PurgeCreate)) {
		var p client.PurgeCreate
		name(&p)
		if v.Soft {
			p.Soft.Set(true)
		}
		if v.DryRun {
			p.DryRun.Set(true)
		}
		out = append(out, p)
	}
	if v.All {
		add(func(p *client.PurgeCreate) { p.All.Set(true) })
	}
	if len(v.URLs) > 0 {
		add(func(p *client.PurgeCreate) { p.Urls.Set(v.URLs) })
	}
	if len(v.Prefix) > 0 {
		add(func(p *client.PurgeCreate) { p.Prefixes.Set(v.Prefix) })
	}
	if len(v.Tag) > 0 {
		add(func(p *client.PurgeCreate) { p.Tags.Set(v.Tag) })
	}
	return out
}

// Run orders purges.
func (v *purge) Run(k *kong.Kong) error {
	c, z, err := v.openZone(v.zoneArg)
	if err != nil {
		return err
	}
	var ordered []*client.Purge
	var texts []json.RawMessage
	for _, body := range v.bodies() {
		a, err := c.CreatePurgeWithResponse(context.Background(), z.UUID, body)
		if err := v.judge(a, err); err != nil {
			return err
		}
		ordered, texts = append(ordered, a.JSON202), append(texts, a.Body)
	}
	if v.Wait || v.DryRun {
		for i := range ordered {
			if texts[i], ordered[i], err = v.await(c, ordered[i]); err != nil {
				return err
			}
		}
	}
	if err := v.showAll(k, ordered, texts); err != nil {
		return err
	}
	for _, p := range ordered {
		switch {
		case p.State != client.JobStateFailed && p.State != client.JobStatePartial:
		case p.DryRun:
			return fmt.Errorf("purge %s: no edge was there to count on", p.UUID)
		default:
			return fmt.Errorf("purge %s: not every edge could apply it", p.UUID)
		}
	}
	return nil
}

// showAll prints purges: several of them are a list for programs.
func (v *purge) showAll(k *kong.Kong, purges []*client.Purge, texts []json.RawMessage) error {
	text := texts[0]
	if len(texts) > 1 {
		var err error
		if text, err = json.Marshal(texts); err != nil {
			return fmt.Errorf("print answers: %w", err)
		}
	}
	return v.show(k, text, func(w *tabwriter.Writer) {
		for i, p := range purges {
			if i > 0 {
				fmt.Fprintln(w)
			}
			purgeTable(w, p)
		}
	})
}

// await returns the purge as it is when no edge works on it any more.
func (v *purge) await(c *client.ClientWithResponses, p *client.Purge) ([]byte, *client.Purge, error) {
	ctx, cancel := context.WithTimeout(context.Background(), v.Timeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		a, err := c.GetPurgeWithResponse(ctx, p.ZoneUUID, p.UUID)
		if ctx.Err() == nil {
			if err := v.judge(a, err); err != nil {
				return nil, nil, err
			}
			if s := a.JSON200.State; s != client.JobStateRunning && s != client.JobStateQueued {
				return a.Body, a.JSON200, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("wait for purge %s: not on every edge after %v; it goes on", p.UUID, v.Timeout)
		}
	}
}

func purgeTable(w *tabwriter.Writer, p *client.Purge) {
	what := "everything"
	for _, list := range []struct {
		one, many string
		entries   []string
	}{{"", "URLs", p.Urls}, {"prefix ", "prefixes", p.Prefixes}, {"tag ", "tags", p.Tags}} {
		if n := len(list.entries); n == 1 {
			what = list.one + list.entries[0]
		} else if n > 1 {
			what = fmt.Sprintf("%d %s", n, list.many)
		}
	}
	line(w, "purge", p.UUID)
	line(w, "of", what)
	if p.Soft {
		line(w, "soft", "objects are validated before they are served")
	}
	if p.DryRun {
		line(w, "dry run", "objects are counted only")
	}
	line(w, "state", p.State)
	for _, e := range p.EdgeResults {
		line(w, "edge "+e.Name, fmt.Sprintf("%s, %d objects, %d bytes", e.State, e.Objects, e.Bytes))
	}
}
