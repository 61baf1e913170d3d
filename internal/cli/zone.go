package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
	"github.com/oapi-codegen/nullable"

	"github.com/cistern-cdn/cistern/client"
)

type zoneVerbs struct {
	List   zoneList   `cmd:"" help:"List zones."`
	Show   zoneShow   `cmd:"" help:"Show a zone with its origins."`
	Create zoneCreate `cmd:"" help:"Create a zone, and its origin with it."`
	Update zoneUpdate `cmd:"" help:"Change settings of a zone."`
	Delete zoneDelete `cmd:"" help:"Delete a zone and its origins, and free its hostnames."`
}

type zoneList struct {
	remote
	Q string `name:"q" env:"-" placeholder:"TEXT" help:"Only zones whose name or a hostname contains TEXT."`
}

// Help is an example.
func (zoneList) Help() string { return "Example:\n\n    cistern zone list --q example.com" }

// Run prints all zones.
func (v *zoneList) Run(k *kong.Kong) error {
	c, err := v.open()
	if err != nil {
		return err
	}
	zones, err := v.zones(c, client.ListZonesParams{Q: given(v.Q)})
	if err != nil {
		return err
	}
	body, err := json.Marshal(client.ZoneList{Items: zones, Total: len(zones), NextCursor: nullable.NewNullNullable[string]()})
	if err != nil {
		return err
	}
	return v.show(k, body, func(w *tabwriter.Writer) {
		line(w, "ID", "NAME", "HOSTNAMES", "STATUS", "UUID")
		for _, z := range zones {
			line(w, z.ID, z.Name, strings.Join(z.Hostnames, ","), z.Status, z.UUID)
		}
	})
}

// zones returns all pages of a list of zones.
func (r *remote) zones(c *client.ClientWithResponses, p client.ListZonesParams) ([]client.Zone, error) {
	limit, all := 500, []client.Zone{}
	p.Limit = &limit
	for {
		a, err := c.ListZonesWithResponse(context.Background(), &p)
		if err := r.judge(a, err); err != nil {
			return nil, err
		}
		all = append(all, a.JSON200.Items...)
		next, err := a.JSON200.NextCursor.Get()
		if err != nil {
			return all, nil // null: it was the last
		}
		p.Cursor = &next
	}
}

// A zoneArg names the zone that a verb works on.
type zoneArg struct {
	Zone string `arg:"" name:"zone" help:"UUID, id, name or hostname of the zone."`
}

// find returns the zone that the argument names.
func (r *remote) find(c *client.ClientWithResponses, z zoneArg) (*client.Zone, error) {
	if looksLikeUUID(z.Zone) {
		a, err := c.GetZoneWithResponse(context.Background(), z.Zone)
		if err := r.judge(a, err); err != nil {
			return nil, err
		}
		return a.JSON200, nil
	}
	params := client.ListZonesParams{Q: given(strings.TrimSuffix(z.Zone, "."))}
	number, err := strconv.ParseInt(z.Zone, 10, 64)
	if err == nil {
		params.Q = nil // an id is not searched by the API
	}
	zones, err := r.zones(c, params)
	if err != nil {
		return nil, err
	}
	host := strings.ToLower(strings.TrimSuffix(z.Zone, "."))
	for _, fits := range []func(client.Zone) bool{
		func(o client.Zone) bool { return o.Name == z.Zone },
		func(o client.Zone) bool { return slices.Contains(o.Hostnames, host) },
		func(o client.Zone) bool { return o.ID == number && number > 0 },
	} {
		if i := slices.IndexFunc(zones, fits); i >= 0 {
			return &zones[i], nil
		}
	}
	return nil, fmt.Errorf("find zone %q: there is no zone with this UUID, name, hostname or id\n\"cistern zone list\" shows what there is", z.Zone)
}

// openZone returns a client of the API, and the zone that the argument names.
func (r *remote) openZone(arg zoneArg) (*client.ClientWithResponses, *client.Zone, error) {
	c, err := r.open()
	if err != nil {
		return nil, nil, err
	}
	z, err := r.find(c, arg)
	return c, z, err
}

func looksLikeUUID(s string) bool { return len(s) == 36 && strings.Count(s, "-") == 4 }

type zoneShow struct {
	remote
	zoneArg
}

// Help is an example.
func (zoneShow) Help() string { return "Example:\n\n    cistern zone show cdn.example.com" }

// Run prints a zone.
func (v *zoneShow) Run(k *kong.Kong) error {
	c, z, err := v.openZone(v.zoneArg)
	if err != nil {
		return err
	}
	a, err := c.GetZoneWithResponse(context.Background(), z.UUID)
	if err := v.judge(a, err); err != nil {
		return err
	}
	return v.showZone(k, a.Body, a.JSON200)
}

// showZone prints a zone, its warnings apart.
func (r *remote) showZone(k *kong.Kong, body []byte, z *client.Zone) error {
	if err := r.show(k, body, func(w *tabwriter.Writer) { zoneTable(w, z) }); err != nil {
		return err
	}
	warn(k, z.Warnings, originsOf(z))
	return nil
}

func zoneTable(w *tabwriter.Writer, z *client.Zone) {
	line(w, "zone", z.Name)
	line(w, "uuid", z.UUID)
	line(w, "id", z.ID)
	line(w, "hostnames", strings.Join(z.Hostnames, ", "))
	if name, err := z.SystemHostname.Get(); err == nil {
		line(w, "system hostname", name)
	}
	line(w, "status", fmt.Sprintf("%s, %s", z.Status, spread(&z.Propagation)))
	line(w, "connect timeout", fmt.Sprintf("%d ms", z.Origin.ConnectTimeoutMs))
	line(w, "read timeout", fmt.Sprintf("%d ms", z.Origin.ReadTimeoutMs))
	prefixes := strings.Join(z.Origin.AllowedPrefixes, ", ")
	if prefixes == "" {
		prefixes = "all paths"
	}
	line(w, "allowed prefixes", prefixes)
	line(w, "forward query", queryText(string(z.Origin.ForwardQuery.Mode), "auto (nothing if signed, else all)", z.Origin.ForwardQuery.Names, false))
	cacheTable(w, &z.Cache)
	line(w, "allowed methods", listed(z.Delivery.AllowedMethods, "none"))
	line(w, "dot segments", z.Delivery.DotSegments)
	line(w, "plus as space", yes(z.Delivery.PlusAsSpace))
	line(w, "public ack", yes(z.Access.PublicAck))
	for _, o := range originsOf(z) {
		fmt.Fprintln(w)
		originTable(w, &o)
	}
}

// zoneSettings are the flags of a zone's settings, named as in the API.
type zoneSettings struct {
	Name             *string  `name:"name" env:"-" placeholder:"TEXT" help:"Name; default is the first hostname."`
	Active           *bool    `name:"active" env:"-" help:"--active=false: viewers get 403."`
	ConnectTimeoutMs *int     `name:"connect-timeout-ms" env:"-" placeholder:"N" help:"Dialling the origin, TLS included; default 5000."`
	ReadTimeoutMs    *int     `name:"read-timeout-ms" env:"-" placeholder:"N" help:"Wait for the origin's next bytes; default 30000."`
	AllowedPrefix    []string `name:"allowed-prefix" env:"-" sep:"none" placeholder:"/PATH" help:"Deliver only paths below it; may be repeated. \"\" is all paths."`
	ForwardQueryMode *string  `name:"forward-query-mode" env:"-" placeholder:"auto|none|all|listed" help:"What of a viewer's query the origin gets; auto is nothing if the origin is signed, else all."`
	ForwardQueryName []string `name:"forward-query-name" env:"-" sep:"none" placeholder:"NAME" help:"Parameter for --forward-query-mode listed; may be repeated."`
	cacheSettings
	AllowedMethod []string `name:"allowed-method" env:"-" sep:"none" placeholder:"METHOD" help:"GET and HEAD, perhaps OPTIONS; or \"*\" for all, if every origin is plain. Repeat it."`
	DotSegments   *string  `name:"dot-segments" env:"-" placeholder:"reject|raw" help:"What . and .. in a path are: refused, or bytes of the key."`
	PlusAsSpace   *bool    `name:"plus-as-space" env:"-" help:"+ in a path means a blank."`
	PublicAck     *bool    `name:"public-ack" env:"-" help:"Silence the warning that copies of a private bucket are public."`
}

// patch returns the settings that were given.
func (s *zoneSettings) patch() client.ZonePatch {
	var p client.ZonePatch
	p.Name, p.Active = opt(s.Name), opt(s.Active)
	o := client.ZoneOriginPatch{ConnectTimeoutMs: opt(s.ConnectTimeoutMs), ReadTimeoutMs: opt(s.ReadTimeoutMs), AllowedPrefixes: optWords[string](s.AllowedPrefix)}
	if s.ForwardQueryMode != nil || s.ForwardQueryName != nil {
		o.ForwardQuery.Set(client.ForwardQueryPatch{Mode: optWord[client.ForwardQueryMode](s.ForwardQueryMode), Names: optWords[string](s.ForwardQueryName)})
	}
	p.Origin = unlessEmpty(o)
	p.Cache = unlessEmpty(s.cacheSettings.patch())
	p.Delivery = unlessEmpty(client.ZoneDeliveryPatch{PlusAsSpace: opt(s.PlusAsSpace), DotSegments: optWord[client.DotSegments](s.DotSegments),
		AllowedMethods: optWords[client.AllowedMethod](s.AllowedMethod)})
	if s.PublicAck != nil {
		p.Access.Set(client.ZoneAccessPatch{PublicAck: opt(s.PublicAck)})
	}
	return p
}

type zoneCreate struct {
	writer
	Hostnames []string `arg:"" name:"hostname" help:"Hostnames of the zone, the primary one first."`
	zoneSettings
	OriginName *string `name:"origin-name" env:"-" placeholder:"TEXT" help:"Name of the origin; default is the host of --url."`
	originSettings
}

// Help is an example.
func (zoneCreate) Help() string {
	return `With --url the zone gets its origin at once.

Example, with the secret key on standard input:

    cistern zone create cdn.example.com \
        --url https://ACCOUNT.r2.cloudflarestorage.com --bucket media \
        --access-key AKEXAMPLE --secret-key-file -`
}

// Validate refuses settings of an origin without its URL.
func (v *zoneCreate) Validate() error {
	if v.URL == nil && (v.originSettings.given() || v.OriginName != nil) {
		return errors.New("--url is missing: the other settings of an origin need it")
	}
	return nil
}

// Run creates a zone.
func (v *zoneCreate) Run(k *kong.Kong) error {
	c, err := v.open()
	if err != nil {
		return err
	}
	p := v.zoneSettings.patch()
	body := client.ZoneCreate{Name: p.Name, Active: p.Active, Origin: p.Origin, Cache: p.Cache, Delivery: p.Delivery, Access: p.Access}
	body.Hostnames.Set(v.Hostnames)
	if v.URL != nil {
		o, err := v.originSettings.create(v.OriginName)
		if err != nil {
			return err
		}
		body.Origins.Set([]client.OriginCreate{o})
	}
	a, err := c.CreateZoneWithResponse(context.Background(), body)
	if err := v.judge(a, err); err != nil {
		return err
	}
	return v.wroteZone(k, c, a.Body, a.JSON201)
}

type zoneUpdate struct {
	writer
	zoneArg
	Hostname []string `name:"hostname" env:"-" sep:"none" placeholder:"NAME" help:"All hostnames of the zone from now on, the primary one first; repeat it."`
	zoneSettings
}

// Help is an example.
func (zoneUpdate) Help() string {
	return "Settings that are not given stay.\n\nExample:\n\n    cistern zone update cdn.example.com --default-ttl 3600 --override-ttl 404=60 --stale-on error --stale-on http_503"
}

// Validate wants something to change.
func (v *zoneUpdate) Validate() error {
	if v.Hostname == nil && reflect.DeepEqual(v.zoneSettings.patch(), client.ZonePatch{}) {
		return errors.New("give at least one setting to change")
	}
	return nil
}

// Run changes a zone.
func (v *zoneUpdate) Run(k *kong.Kong) error {
	body := v.zoneSettings.patch()
	if v.Hostname != nil {
		body.Hostnames.Set(v.Hostname)
	}
	c, z, err := v.openZone(v.zoneArg)
	if err != nil {
		return err
	}
	a, err := c.PatchZoneWithResponse(context.Background(), z.UUID, nil, body)
	if err := v.judge(a, err); err != nil {
		return err
	}
	return v.wroteZone(k, c, a.Body, a.JSON200)
}

type zoneDelete struct {
	remote
	zoneArg
}

// Help is an example.
func (zoneDelete) Help() string { return "Example:\n\n    cistern zone delete cdn.example.com" }

// Run deletes a zone.
func (v *zoneDelete) Run(k *kong.Kong) error {
	c, z, err := v.openZone(v.zoneArg)
	if err != nil {
		return err
	}
	a, err := c.DeleteZoneWithResponse(context.Background(), z.UUID, nil)
	if err := v.judge(a, err); err != nil {
		return err
	}
	return v.say(k, "deleted zone %s (%s)", z.Name, z.UUID)
}

// unlessEmpty is an object of a body that is sent only if one of its fields is.
func unlessEmpty[T any](v T) nullable.Nullable[T] {
	if reflect.ValueOf(v).IsZero() {
		return nil
	}
	return nullable.NewNullableWithValue(v)
}

// opt is a field of a body that is sent only if its flag was given.
func opt[T any](p *T) nullable.Nullable[T] {
	if p == nil {
		return nil
	}
	return nullable.NewNullableWithValue(*p)
}

// given is a parameter that is sent only if it is not empty.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
