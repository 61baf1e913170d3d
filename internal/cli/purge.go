package cli

import (
	"context"
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
	All     bool          `name:"all" env:"-" help:"Everything of the zone."`
	Wait    bool          `name:"wait" env:"-" help:"Return when every live edge has applied it."`
	Timeout time.Duration `name:"timeout" env:"-" default:"1m" help:"Longest time to wait."`
}

// pollInterval is how often a purge that is waited for is looked at.
const pollInterval = 20 * time.Millisecond

// Help is an example.
func (purge) Help() string {
	return "Example:\n\n    cistern purge cdn.example.com /index.html \"/tour/M\u00fcnchen 1.jpg\" --wait"
}

// Validate wants URLs or --all.
func (v *purge) Validate() error {
	if v.All == (len(v.URLs) > 0) {
		return errors.New("give either the URLs to purge, or --all for everything of the zone")
	}
	return nil
}

// Run orders a purge.
func (v *purge) Run(k *kong.Kong) error {
	c, z, err := v.openZone(v.zoneArg)
	if err != nil {
		return err
	}
	var body client.PurgeCreate
	if v.All {
		body.All.Set(true)
	} else {
		body.Urls.Set(v.URLs)
	}
	a, err := c.CreatePurgeWithResponse(context.Background(), z.UUID, body)
	if err := v.judge(a, err); err != nil {
		return err
	}
	text, p := a.Body, a.JSON202
	if v.Wait {
		if text, p, err = v.await(c, p); err != nil {
			return err
		}
	}
	if err := v.show(k, text, func(w *tabwriter.Writer) { purgeTable(w, p) }); err != nil {
		return err
	}
	if p.State == client.JobStateFailed || p.State == client.JobStatePartial {
		return fmt.Errorf("purge %s: not every edge could apply it", p.UUID)
	}
	return nil
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
	if n := len(p.Urls); n == 1 {
		what = p.Urls[0]
	} else if n > 1 {
		what = fmt.Sprintf("%d URLs", n)
	}
	line(w, "purge", p.UUID)
	line(w, "of", what)
	line(w, "state", p.State)
	for _, e := range p.EdgeResults {
		line(w, "edge "+e.Name, fmt.Sprintf("%s, %d objects, %d bytes", e.State, e.Objects, e.Bytes))
	}
}
