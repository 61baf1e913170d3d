// Package route finds the site of a request by its host, in a table compiled
// from a Snapshot.
package route

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// A Table maps hosts to sites. It is immutable.
type Table struct {
	Revision int64 // of the snapshot
	exact    map[string]*flow.Site
	wildcard map[string]*flow.Site // by the name below "*."
	zones    map[string]*flow.Site // by UUID
}

// Compile makes the table of a snapshot. Sites of old whose zone, group and
// credentials have not changed are kept; old may be nil. An origin that
// cannot be used is left out and logged, so that one zone's fault is not
// another's. Every zone also has its system name <id>.baseDomain, unless
// baseDomain is empty.
func Compile(s *zone.Snapshot, old *Table, baseDomain string, log *slog.Logger) *Table {
	t := &Table{
		Revision: s.Revision,
		exact:    make(map[string]*flow.Site),
		wildcard: make(map[string]*flow.Site),
		zones:    make(map[string]*flow.Site, len(s.Zones)),
	}
	for uuid, z := range s.Zones {
		site := old.unchanged(s, z)
		if site == nil {
			site = compileSite(s, z, log)
		}
		t.zones[uuid] = site
		if baseDomain != "" {
			t.exact[strconv.FormatInt(z.ID, 10)+"."+baseDomain] = site
		}
	}
	// Names that customers chose come second, so that they win.
	for uuid, z := range s.Zones {
		site := t.zones[uuid]
		for _, name := range z.Hostnames {
			if base, ok := strings.CutPrefix(name, "*."); ok {
				t.wildcard[base] = site
			} else {
				t.exact[name] = site
			}
		}
	}
	return t
}

// unchanged returns the site that t, which may be nil, has for the zone, if it
// was compiled from what s says; otherwise nil. Values of snapshots are
// immutable, so those at the same address are the same.
func (t *Table) unchanged(s *zone.Snapshot, z *zone.Zone) *flow.Site {
	if t == nil {
		return nil
	}
	site, group := t.zones[z.UUID], s.Groups[z.Group]
	if site == nil || site.Zone != z || site.Group != group && (group != nil || site.Group.UUID != "") {
		return nil
	}
	for i := range site.Members {
		if site.Members[i].Credential != s.Credentials[site.Members[i].Origin.Credential] {
			return nil
		}
	}
	return site
}

func compileSite(s *zone.Snapshot, z *zone.Zone, log *slog.Logger) *flow.Site {
	site := &flow.Site{
		Zone:  z,
		Group: s.Groups[z.Group],
		Rules: objkey.Rules{
			DotSegments:     z.Delivery.DotSegments,
			PlusAsSpace:     z.Delivery.PlusAsSpace,
			AllowedPrefixes: z.Origin.AllowedPrefixes,
		},
		Cached:              z.Cache.Enabled,
		IgnoreAuthorization: z.Cache.Authorization == zone.AuthorizationIgnore,
		Honor:               z.Cache.RequestDirectives == zone.DirectivesHonor,
		BrowserTTL:          -1,
	}
	if site.Group == nil {
		site.Group = &zone.Group{}
	}
	site.KeyPrefix = strconv.AppendInt(nil, z.ID, 10)
	site.KeyPrefix = append(site.KeyPrefix, '.')
	site.KeyPrefix = strconv.AppendInt(site.KeyPrefix, site.Group.ID, 10)
	site.KeyPrefix = append(site.KeyPrefix, '.')
	site.KeyPrefix = strconv.AppendInt(site.KeyPrefix, site.Group.Content, 10)
	for i := range site.Group.Origins {
		o := &site.Group.Origins[i]
		if o.Auth != zone.AuthNone {
			site.Signed = true // a disabled one too: what it stored is private
		}
		if !o.Enabled {
			continue
		}
		m, err := compileMember(s, o)
		if err != nil {
			log.Error("origin left out", "zone", z.Name, "origin", o.Name, "error", err)
			continue
		}
		site.Members = append(site.Members, m)
	}
	site.Policy = compilePolicy(&z.Cache, site.Signed)
	site.Query = compileQuery(z, site.Signed)
	compileKey(site)
	compileMethods(site, z.Delivery.AllowedMethods)
	if z.Cache.BrowserTTL != nil {
		site.BrowserTTL = *z.Cache.BrowserTTL
	}
	site.Headers = uint64(site.BrowserTTL + 2)
	return site
}

func compileMember(s *zone.Snapshot, o *zone.Origin) (flow.Member, error) {
	endpoint, err := o.Resolve()
	if err != nil {
		return flow.Member{}, err
	}
	return flow.Member{
		Origin:     o,
		Endpoint:   endpoint,
		Credential: s.Credentials[o.Credential],
		Mapping: objkey.NewMapping(objkey.MappingOptions{
			Signed:     o.Auth != zone.AuthNone,
			Bucket:     o.Bucket,
			BasePath:   o.BasePath,
			Virtual:    endpoint.Virtual,
			HostBucket: endpoint.HostBucket,
		}),
	}, nil
}

// Site returns the site of a host in lower case without port; nil if there is
// none. An exact name beats a wildcard, which stands for one label.
func (t *Table) Site(host []byte) *flow.Site {
	if site := t.exact[string(host)]; site != nil {
		return site
	}
	if len(t.wildcard) == 0 {
		return nil
	}
	dot := bytes.IndexByte(host, '.')
	if dot < 1 {
		return nil
	}
	return t.wildcard[string(host[dot+1:])]
}

// Zone returns the site of the zone with this UUID, or nil.
func (t *Table) Zone(uuid string) *flow.Site { return t.zones[uuid] }
