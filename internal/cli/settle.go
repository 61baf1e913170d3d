package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/alecthomas/kong"

	"github.com/cistern-cdn/cistern/client"
)

// A writer is a verb that changes a zone or an origin, and prints it when the
// edges have it: what the API answers at once would look like a failure.
type writer struct {
	remote
	NoWait bool `name:"no-wait" env:"-" help:"Do not wait until every edge has it, which is 2 seconds at most."`
}

// patience is how long a writer waits for the edges.
const patience = 2 * time.Second

// wroteZone prints a zone that was just written.
func (v *writer) wroteZone(k *kong.Kong, c *client.ClientWithResponses, body []byte, z *client.Zone) error {
	now, late := v.settle(c, z.UUID, z.Propagation)
	if now != nil {
		z.Propagation = *now
		if now.Complete {
			if z.Status == client.ZoneStatusProcessing {
				z.Status = client.ZoneStatusActive
			}
			for i := range originsOf(z) {
				p := &(*z.Origins)[i].Propagation
				p.EdgesTotal, p.EdgesApplied, p.Complete, p.SlowestEdge = now.EdgesTotal, now.EdgesApplied, true, now.SlowestEdge
			}
		}
		var err error
		if body, err = json.Marshal(z); err != nil {
			return fmt.Errorf("print answer: %w", err)
		}
	}
	if err := v.showZone(k, body, z); err != nil {
		return err
	}
	tellLate(k, late)
	return nil
}

// wroteOrigin prints an origin of a zone that was just written.
func (v *writer) wroteOrigin(k *kong.Kong, c *client.ClientWithResponses, z *client.Zone, body []byte, o *client.Origin) error {
	now, late := v.settle(c, z.UUID, o.Propagation)
	if now != nil {
		o.Propagation = *now
		var err error
		if body, err = json.Marshal(o); err != nil {
			return fmt.Errorf("print answer: %w", err)
		}
	}
	if err := v.showOrigin(k, body, o); err != nil {
		return err
	}
	tellLate(k, late)
	return nil
}

// settle waits until every edge has the revision that p tells of. It returns
// how far it has come, nil if nobody asked, and what is to be said about it.
// That an edge is late, or that nobody can tell, undoes nothing: it is no
// error.
func (v *writer) settle(c *client.ClientWithResponses, zone string, p client.Propagation) (now *client.Propagation, late string) {
	if v.NoWait || p.Complete {
		return nil, ""
	}
	// The API holds its answer back; a little longer is for the way.
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	wait := int(patience / time.Second)
	a, err := c.GetZonePropagationWithResponse(ctx, zone, &client.GetZonePropagationParams{Revision: &p.Revision, Wait: &wait})
	if err := v.judge(a, err); err != nil {
		return nil, fmt.Sprintf("it is saved; whether the edges have it cannot be told: %v", err)
	}
	now = a.JSON200
	now.Since = p.Since
	if slowest, err := now.SlowestEdge.Get(); err == nil && !now.Complete {
		late = fmt.Sprintf("edge %s is behind, at revision %d of %d: it is saved, and served there when the edge has caught up", slowest.Name, slowest.Revision, now.Revision)
	}
	return now, late
}

func tellLate(k *kong.Kong, late string) {
	if late != "" {
		fmt.Fprintf(k.Stderr, "warning: %s\n", late)
	}
}

// spread writes how far a revision has come.
func spread(p *client.Propagation) string {
	return fmt.Sprintf("revision %d on %d of %d edges", p.Revision, p.EdgesApplied, p.EdgesTotal)
}

// originsOf returns the origins that a zone was answered with.
func originsOf(z *client.Zone) []client.Origin {
	if z.Origins == nil {
		return nil
	}
	return *z.Origins
}
