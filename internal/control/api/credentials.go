package api

import (
	"github.com/oapi-codegen/nullable"

	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/control/vault"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// A secretEdit is what a body says of one secret.
type secretEdit struct {
	stored bool        // one is stored
	drop   bool        // null
	value  zone.Secret // a new one; zero: none
}

// mergeSecret reads a secret: absent or "" keeps, null deletes.
func mergeSecret(stored []byte, field nullable.Nullable[string]) secretEdit {
	e := secretEdit{stored: len(stored) > 0, drop: field.IsNull()}
	if text, err := field.Get(); err == nil {
		e.value = zone.NewSecret(text)
	}
	return e
}

// keeps reports whether a stored secret stays.
func (e secretEdit) keeps() bool { return e.stored && !e.drop && e.value.IsZero() }

// A credentialEdit is the private credential of an origin about to be written.
type credentialEdit struct {
	was        *store.Credential // nil: none yet
	accessKey  string
	keyChanged bool
	secret     secretEdit
	token      secretEdit
}

// mergeCredential changes c, which may be nil, as a body says. The access key
// is no secret, but as its secret, "" keeps it.
func mergeCredential(c *store.Credential, p contract.OriginPatch) credentialEdit {
	was := c
	if c == nil {
		c = &store.Credential{}
	}
	e := credentialEdit{was: was, accessKey: c.AccessKey,
		secret: mergeSecret(c.Secret, p.S3SecretKey), token: mergeSecret(c.Token, p.S3SessionToken)}
	if key, err := p.S3AccessKey.Get(); err == nil && key != "" {
		e.accessKey = key
	} else if p.S3AccessKey.IsNull() {
		e.accessKey = ""
	}
	e.keyChanged = e.accessKey != c.AccessKey
	return e
}

func (e *credentialEdit) keepsSecret() bool { return e.secret.keeps() }

func (e *credentialEdit) empty() bool {
	return e.accessKey == "" && e.secret.value.IsZero() && e.token.value.IsZero()
}

// check returns what is wrong with the credential. A secret that is kept was
// checked when it came.
func (e *credentialEdit) check(signing bool) []fault {
	c := zone.Credential{AccessKey: e.accessKey, Secret: e.secret.value, Token: e.token.value}
	var faults []fault
	for _, f := range c.Validate(signing) {
		if f.Code == catalog.APIRequired && f.Field == "s3_secret_key" && e.secret.keeps() {
			continue
		}
		faults = append(faults, fromZone(f))
	}
	return faults
}

// putCredential writes the private credential of an edited origin, and returns
// it; nil if there is none yet and nothing to keep. Its version grows if key,
// secret, token or the region they sign for is another one; so that it never
// falls, an emptied credential stays.
func (s *server) putCredential(tx *store.Tx, e *edit, account string) (*store.Credential, error) {
	k := &e.key
	if k.was == nil && k.empty() {
		return nil, nil
	}
	c := &store.Credential{UUID: store.NewUUID(), Account: account, PrivateTo: e.origin.UUID}
	if k.was != nil {
		copied := *k.was
		c = &copied
	}
	changed := k.keyChanged || e.was != nil && e.was.Region != e.origin.Region
	c.AccessKey = k.accessKey
	for _, part := range []struct {
		field  string
		edit   secretEdit
		sealed *[]byte
	}{
		{vault.FieldSecret, k.secret, &c.Secret},
		{vault.FieldToken, k.token, &c.Token},
	} {
		now, differs := s.seal(c.UUID, part.field, part.edit, *part.sealed)
		*part.sealed, changed = now, changed || differs
	}
	if k.was == nil || changed {
		c.Version++
	}
	return c, tx.PutCredential(c)
}

// seal returns the sealed form of a secret after an edit, and whether it is
// another secret than before. The same secret again is no change.
func (s *server) seal(uuid, field string, e secretEdit, sealed []byte) (now []byte, differs bool) {
	switch {
	case e.drop:
		return nil, e.stored
	case e.value.IsZero():
		return sealed, false
	}
	if e.stored {
		if old, err := s.vault.Open(uuid, field, sealed); err == nil && old.Equal(e.value) {
			return sealed, false
		}
	}
	return s.vault.Seal(uuid, field, e.value), true
}
