package store

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// A TakenError reports that names are in use by other zones.
type TakenError struct {
	Kind  string // "hostname" or "name"
	Taken []Taken
}

// A Taken is one name that is in use.
type Taken struct {
	Index int    // in the list of hostnames; 0 for a zone's name
	Name  string // as asked for
	By    string // the name that holds it: itself, or a wildcard over or under it
	Zone  string // UUID of the holder
	// SameAccount tells whether the holder may be named to the caller.
	SameAccount bool
}

// Error lists the names.
func (e *TakenError) Error() string {
	var b strings.Builder
	for i, t := range e.Taken {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "claim %s %q: in use by another zone", e.Kind, t.Name)
		if t.By != t.Name {
			fmt.Fprintf(&b, ", through %q", t.By)
		}
	}
	return b.String()
}

// A claim is what is stored for a hostname: who holds it.
type claim struct {
	Zone    string `json:"zone"`
	Account string `json:"account"`
}

// hostKey is the key of a hostname's claim. The parent domain comes first,
// so that the names one label below it, and their wildcard, are neighbours.
func hostKey(name string) string {
	label, parent := splitHost(name)
	return hostPrefix(parent) + label
}

func hostPrefix(parent string) string { return prefix + "host/" + parent + "/" }

// splitHost cuts a canonical hostname before its first dot. An IP literal and
// a single label have no parent.
func splitHost(name string) (label, parent string) {
	if _, err := netip.ParseAddr(name); err == nil {
		return name, ""
	}
	label, parent, _ = strings.Cut(name, ".")
	return label, parent
}

// HostHolder returns the UUID of the zone that answers for a canonical
// hostname, by the name itself or by a wildcard; "" if none does.
func (r *Reader) HostHolder(name string) (zoneUUID string, err error) {
	_, parent := splitHost(name)
	for _, key := range []string{hostKey(name), hostPrefix(parent) + "*"} {
		kv, err := r.getKey(key)
		if err != nil {
			return "", err
		}
		if kv != nil {
			c, err := decodeClaim(kv)
			return c.Zone, err
		}
	}
	return "", nil
}

func decodeClaim(kv *mvccpb.KeyValue) (claim, error) {
	var c claim
	if err := json.Unmarshal(kv.Value, &c); err != nil {
		return c, fmt.Errorf("decode claim %s: %w", strings.TrimPrefix(string(kv.Key), prefix), err)
	}
	return c, nil
}

// claimHosts frees the hostnames that z no longer has and claims the new
// ones.
func (tx *Tx) claimHosts(z *Zone, old []string) error {
	for _, name := range old {
		if !slices.Contains(z.Hostnames, name) {
			tx.drop(hostKey(name))
		}
	}
	mine, err := json.Marshal(claim{Zone: z.UUID, Account: z.Account})
	if err != nil {
		return fmt.Errorf("encode claim: %w", err)
	}
	var taken []Taken
	for i, name := range z.Hostnames {
		if slices.Contains(old, name) {
			continue
		}
		t, err := tx.holder(name, z)
		if err != nil {
			return err
		}
		if t != nil {
			t.Index = i
			taken = append(taken, *t)
			continue
		}
		tx.writes[hostKey(name)] = mine
	}
	if taken != nil {
		return &TakenError{Kind: "hostname", Taken: taken}
	}
	return nil
}

// holder returns what keeps z from claiming name, or nil: the same name in
// another zone, or, in another account, a wildcard over it or a name under
// the wildcard that it is.
func (tx *Tx) holder(name string, z *Zone) (*Taken, error) {
	label, parent := splitHost(name)
	exact, err := tx.getKey(hostKey(name))
	if err != nil {
		return nil, err
	}
	rivals := []*mvccpb.KeyValue{exact}
	switch {
	case parent == "":
	case label == "*":
		under, err := tx.listKeys(hostPrefix(parent))
		if err != nil {
			return nil, err
		}
		rivals = append(rivals, under...)
	default:
		over, err := tx.getKey(hostPrefix(parent) + "*")
		if err != nil {
			return nil, err
		}
		rivals = append(rivals, over)
	}
	for i, kv := range rivals {
		if kv == nil {
			continue
		}
		c, err := decodeClaim(kv)
		if err != nil {
			return nil, err
		}
		same := c.Account == z.Account
		if i == 0 && c.Zone != z.UUID || !same {
			by, _ := strings.CutPrefix(string(kv.Key), hostPrefix(parent))
			if parent != "" {
				by += "." + parent
			}
			return &Taken{Name: name, By: by, Zone: c.Zone, SameAccount: same}, nil
		}
	}
	return nil, nil
}

// claimName moves the claim of a record's name within its account; "" is no
// name.
func (tx *Tx) claimName(k Kind, account, uuid, old, name string) error {
	if old == name {
		return nil
	}
	if old != "" {
		tx.drop(nameKey(account, k, old))
	}
	if name == "" {
		return nil
	}
	key := nameKey(account, k, name)
	kv, err := tx.getKey(key)
	if err != nil {
		return err
	}
	if kv != nil && string(kv.Value) != uuid {
		return &TakenError{Kind: "name", Taken: []Taken{{Name: name, By: name, Zone: string(kv.Value), SameAccount: true}}}
	}
	tx.writes[key] = []byte(uuid)
	return nil
}
