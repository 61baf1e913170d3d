package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/cistern-cdn/cistern/client"
)

type originVerbs struct {
	List   originList   `cmd:"" help:"List the origins of a zone."`
	Show   originShow   `cmd:"" help:"Show an origin."`
	Add    originAdd    `cmd:"" help:"Add an origin to a zone."`
	Update originUpdate `cmd:"" help:"Change settings of an origin, or rotate its secret."`
	Remove originRemove `cmd:"" help:"Remove an origin and its credential."`
}

// originSettings are the flags of an origin's settings, named as in the API
// without the prefix s3.
type originSettings struct {
	URL            *string `name:"url" env:"-" placeholder:"URL" help:"Endpoint: http(s)://HOST[:PORT]."`
	Provider       *string `name:"provider" env:"-" placeholder:"ID" help:"Kind of store; default is read from the host."`
	HostHeader     *string `name:"host-header" env:"-" placeholder:"HOST" help:"Host to send; default is derived."`
	Bucket         *string `name:"bucket" env:"-" placeholder:"NAME" help:"Bucket; without it the URL, --base-path or the viewer's path names it."`
	BasePath       *string `name:"base-path" env:"-" placeholder:"/PATH" help:"Put before every path; hides what stands before it from viewers."`
	Addressing     *string `name:"addressing" env:"-" placeholder:"auto|path|virtual" help:"Where the bucket is named: in the path or in the host."`
	Region         *string `name:"region" env:"-" placeholder:"NAME" help:"Region that signs; default is what the host names, else the provider's."`
	S3Auth         *bool   `name:"s3-auth" env:"-" help:"Sign requests (the API's s3_auth_enabled); on creation this is on as soon as a key is given."`
	Service        *string `name:"service" env:"-" placeholder:"NAME" help:"Service that is signed for; default s3."`
	PayloadHash    *string `name:"payload-hash" env:"-" placeholder:"unsigned|empty" help:"What is signed of the empty body."`
	AccessKey      *string `name:"access-key" env:"-" placeholder:"ID" help:"Access key id."`
	SecretKey      *string `name:"secret-key" env:"-" xor:"secret" placeholder:"KEY" help:"Secret key. Other users of this machine can read a command line: prefer --secret-key-file or the variable CISTERN_S3_SECRET_KEY."`
	SecretKeyFile  string  `name:"secret-key-file" env:"-" xor:"secret" placeholder:"FILE|-" help:"Read the secret key from a file, or from standard input."`
	SessionFile    string  `name:"session-token-file" env:"-" placeholder:"FILE|-" help:"Read the session token of temporary credentials. Also CISTERN_S3_SESSION_TOKEN."`
	TLSVerify      *bool   `name:"tls-verify" env:"-" help:"--tls-verify=false: do not check the endpoint's certificate."`
	CAFile         *string `name:"ca-file" env:"-" placeholder:"FILE" help:"One more root certificate (PEM). \"\" is none."`
	MaxConnections *int    `name:"max-connections" env:"-" placeholder:"N" help:"Connections per edge; default 256."`
}

// Variables that a secret may come from, so that it is on no command line.
const (
	secretVariable  = "CISTERN_S3_SECRET_KEY"
	sessionVariable = "CISTERN_S3_SESSION_TOKEN"
)

// given reports whether any setting besides the URL was.
func (s *originSettings) given() bool {
	empty := originSettings{URL: s.URL}
	return *s != empty
}

// patch returns the settings that were given. Secrets from the environment are
// taken if environment is true.
func (s *originSettings) patch(environment bool) (client.OriginPatch, error) {
	p := client.OriginPatch{
		URL: opt(s.URL), Provider: opt(s.Provider), HostHeader: opt(s.HostHeader), S3Bucket: opt(s.Bucket), BasePath: opt(s.BasePath),
		S3Region: opt(s.Region), S3AuthEnabled: opt(s.S3Auth), S3Service: opt(s.Service), S3AccessKey: opt(s.AccessKey),
		TLSVerify: opt(s.TLSVerify), MaxConnections: opt(s.MaxConnections),
	}
	if s.Addressing != nil {
		p.S3Addressing.Set(client.Addressing(*s.Addressing))
	}
	if s.PayloadHash != nil {
		p.S3PayloadHash.Set(client.PayloadHash(*s.PayloadHash))
	}
	if s.CAFile != nil {
		pem := ""
		if *s.CAFile != "" {
			text, err := os.ReadFile(*s.CAFile)
			if err != nil {
				return p, fmt.Errorf("read --ca-file: %w", err)
			}
			pem = string(text)
		}
		p.CaPem.Set(pem)
	}
	if s.SecretKeyFile == "-" && s.SessionFile == "-" {
		return p, errors.New("read standard input: --secret-key-file and --session-token-file cannot both be -")
	}
	secret, err := secretFrom("--secret-key-file", s.SecretKeyFile, secretVariable, environment)
	if err != nil {
		return p, err
	}
	if s.SecretKey != nil {
		secret = *s.SecretKey
	}
	session, err := secretFrom("--session-token-file", s.SessionFile, sessionVariable, environment)
	if err != nil {
		return p, err
	}
	if secret != "" {
		p.S3SecretKey.Set(secret)
	}
	if session != "" {
		p.S3SessionToken.Set(session)
	}
	return p, nil
}

// secretFrom reads a secret from a file, from standard input ("-"), or else
// from the environment. A final line end is no part of it.
func secretFrom(flag, file, variable string, environment bool) (string, error) {
	var text []byte
	var err error
	switch file {
	case "":
		if environment {
			return os.Getenv(variable), nil
		}
		return "", nil
	case "-":
		text, err = io.ReadAll(io.LimitReader(os.Stdin, 64<<10))
	default:
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", flag, err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("read %s: it is empty", flag)
	}
	return secret, nil
}

// create returns the settings as those of a new origin, which signs as soon as
// it has something to sign with.
func (s *originSettings) create(name *string) (client.OriginCreate, error) {
	p, err := s.patch(s.AccessKey != nil)
	if err != nil {
		return client.OriginCreate{}, err
	}
	p.Name = opt(name)
	if s.S3Auth == nil && (p.S3AccessKey.IsSpecified() || p.S3SecretKey.IsSpecified()) {
		p.S3AuthEnabled.Set(true)
	}
	return client.OriginCreate(p), nil
}

type originList struct {
	remote
	zoneArg
}

// Help is an example.
func (originList) Help() string { return "Example:\n\n    cistern origin list cdn.example.com" }

// Run prints the origins of a zone.
func (v *originList) Run(k *kong.Kong) error {
	c, z, err := v.openZone(v.zoneArg)
	if err != nil {
		return err
	}
	list, err := v.origins(c, z)
	if err != nil {
		return err
	}
	return v.show(k, list.Body, func(w *tabwriter.Writer) {
		line(w, "ID", "NAME", "URL", "BUCKET", "BASE PATH", "SIGNED", "ENABLED", "UUID")
		for _, o := range list.JSON200.Items {
			line(w, o.ID, o.Name, o.URL, o.S3Bucket, o.BasePath, yes(o.S3AuthEnabled), yes(o.Enabled), o.UUID)
		}
	})
}

// origins returns the origins of a zone, which are never more than a page.
func (r *remote) origins(c *client.ClientWithResponses, z *client.Zone) (*client.ListOriginsResponse, error) {
	limit := 500
	a, err := c.ListOriginsWithResponse(context.Background(), z.UUID, &client.ListOriginsParams{Limit: &limit})
	return a, r.judge(a, err)
}

// An originArg names the origin that a verb works on.
type originArg struct {
	zoneArg
	Origin string `arg:"" name:"origin" help:"UUID, id or name of the origin."`
}

// findOrigin returns the origin that the arguments name, and its zone.
func (r *remote) findOrigin(c *client.ClientWithResponses, arg originArg) (*client.Zone, *client.Origin, error) {
	z, err := r.find(c, arg.zoneArg)
	if err != nil {
		return nil, nil, err
	}
	list, err := r.origins(c, z)
	if err != nil {
		return nil, nil, err
	}
	number, _ := strconv.ParseInt(arg.Origin, 10, 64)
	origins := list.JSON200.Items
	named := func(o client.Origin) bool { return o.Name == arg.Origin }
	for _, fits := range []func(client.Origin) bool{
		func(o client.Origin) bool { return o.UUID == arg.Origin },
		named,
		func(o client.Origin) bool { return o.ID == number && number > 0 },
	} {
		i := slices.IndexFunc(origins, fits)
		if i < 0 {
			continue
		}
		if named(origins[i]) && slices.ContainsFunc(origins[i+1:], named) && origins[i].UUID != arg.Origin {
			return nil, nil, fmt.Errorf("find origin %q: zone %s has several of this name; give the UUID", arg.Origin, z.Name)
		}
		return z, &origins[i], nil
	}
	return nil, nil, fmt.Errorf("find origin %q: zone %s has no origin with this UUID, name or id\n\"cistern origin list %s\" shows what there is", arg.Origin, z.Name, z.Name)
}

// openOrigin returns a client of the API, and what the arguments name.
func (r *remote) openOrigin(arg originArg) (*client.ClientWithResponses, *client.Zone, *client.Origin, error) {
	c, err := r.open()
	if err != nil {
		return nil, nil, nil, err
	}
	z, o, err := r.findOrigin(c, arg)
	return c, z, o, err
}

type originShow struct {
	remote
	originArg
}

// Help is an example.
func (originShow) Help() string { return "Example:\n\n    cistern origin show cdn.example.com media" }

// Run prints an origin.
func (v *originShow) Run(k *kong.Kong) error {
	c, z, o, err := v.openOrigin(v.originArg)
	if err != nil {
		return err
	}
	a, err := c.GetOriginWithResponse(context.Background(), z.UUID, o.UUID)
	if err := v.judge(a, err); err != nil {
		return err
	}
	return v.showOrigin(k, a.Body, a.JSON200)
}

// showOrigin prints an origin, its warnings apart.
func (r *remote) showOrigin(k *kong.Kong, body []byte, o *client.Origin) error {
	if err := r.show(k, body, func(w *tabwriter.Writer) {
		originTable(w, o)
		line(w, "propagation", spread(&o.Propagation))
	}); err != nil {
		return err
	}
	warn(k, o.Warnings, nil)
	return nil
}

func originTable(w *tabwriter.Writer, o *client.Origin) {
	line(w, "origin", o.Name)
	line(w, "uuid", o.UUID)
	line(w, "id", o.ID)
	line(w, "enabled", yes(o.Enabled))
	line(w, "url", o.URL)
	line(w, "provider", o.Provider)
	line(w, "host sent", o.HostHeaderEffective)
	bucket, addressing := o.S3Bucket, string(o.S3AddressingEffective)
	if bucket == "" && addressing != "" {
		bucket = "(by the URL)"
	}
	if addressing != "" && addressing != string(o.S3Addressing) {
		addressing = fmt.Sprintf("%s (%s)", o.S3Addressing, addressing)
	}
	line(w, "bucket", bucket)
	line(w, "base path", o.BasePath)
	line(w, "addressing", addressing)
	if o.S3AuthEnabled {
		key, _ := o.S3AccessKey.Get()
		line(w, "signature", fmt.Sprintf("%s, region %s, service %s, payload hash %s", o.AuthType, o.S3RegionEffective, o.S3Service, o.S3PayloadHash))
		line(w, "access key", key)
		line(w, "secret key", fmt.Sprintf("%s (version %d)", set(o.S3SecretSet), o.CredentialsVersion))
		line(w, "session token", set(o.S3SessionTokenSet))
	} else {
		line(w, "signature", "none")
	}
	line(w, "tls verify", yes(o.TLSVerify))
	pem, _ := o.CaPem.Get()
	line(w, "own root certificate", yes(pem != ""))
	line(w, "max connections", o.MaxConnections)
}

func set(stored bool) string {
	if stored {
		return "set"
	}
	return "not set"
}

type originAdd struct {
	writer
	zoneArg
	Name    *string `name:"name" env:"-" placeholder:"TEXT" help:"Name; default is the host of --url."`
	Enabled *bool   `name:"enabled" env:"-" help:"--enabled=false: kept, and not fetched from."`
	originSettings
}

// Help is an example.
func (originAdd) Help() string {
	return `Example, with the secret key in a file:

    cistern origin add cdn.example.com --url https://s3.eu-west-1.amazonaws.com \
        --bucket media --access-key AKEXAMPLE --secret-key-file secret.txt`
}

// Validate refuses an origin without URL.
func (v *originAdd) Validate() error {
	if v.URL == nil {
		return errors.New("--url is missing, as in --url https://s3.eu-west-1.amazonaws.com")
	}
	return nil
}

// Run adds an origin.
func (v *originAdd) Run(k *kong.Kong) error {
	body, err := v.originSettings.create(v.Name)
	if err != nil {
		return err
	}
	body.Enabled = opt(v.Enabled)
	c, z, err := v.openZone(v.zoneArg)
	if err != nil {
		return err
	}
	a, err := c.CreateOriginWithResponse(context.Background(), z.UUID, body)
	if err := v.judge(a, err); err != nil {
		return err
	}
	return v.wroteOrigin(k, c, z, a.Body, a.JSON201)
}

type originUpdate struct {
	writer
	originArg
	Name    *string `name:"name" env:"-" placeholder:"TEXT" help:"Name."`
	Enabled *bool   `name:"enabled" env:"-" help:"--enabled=false: kept, and not fetched from."`
	originSettings
	KeepCache bool `name:"keep-cache" env:"-" help:"With another URL, bucket, base path or addressing: what is stored stays in use."`
	RemoveKey bool `name:"remove-key" env:"-" help:"Stop signing, and delete access key, secret key and session token."`
}

// Help is an example.
func (originUpdate) Help() string {
	return `Settings that are not given stay, the secret key among them.
CISTERN_S3_SECRET_KEY is read only together with --access-key.

Example, a rotated secret from standard input:

    cistern origin update cdn.example.com media --secret-key-file -`
}

// Validate refuses what contradicts itself, and nothing to change.
func (v *originUpdate) Validate() error {
	if v.URL == nil && !v.originSettings.given() && v.Name == nil && v.Enabled == nil && !v.RemoveKey {
		return errors.New("give at least one setting to change")
	}
	if v.RemoveKey && (v.AccessKey != nil || v.SecretKey != nil || v.SecretKeyFile != "" || v.SessionFile != "" || v.S3Auth != nil) {
		return errors.New("--remove-key cannot be combined with --s3-auth, a key or a secret")
	}
	return nil
}

// Run changes an origin.
func (v *originUpdate) Run(k *kong.Kong) error {
	body, err := v.originSettings.patch(v.AccessKey != nil)
	if err != nil {
		return err
	}
	body.Name, body.Enabled = opt(v.Name), opt(v.Enabled)
	if v.KeepCache {
		body.KeepCache.Set(true)
	}
	if v.RemoveKey {
		body.S3AuthEnabled.Set(false)
		body.S3AccessKey.SetNull()
		body.S3SecretKey.SetNull()
		body.S3SessionToken.SetNull()
	}
	c, z, o, err := v.openOrigin(v.originArg)
	if err != nil {
		return err
	}
	a, err := c.PatchOriginWithResponse(context.Background(), z.UUID, o.UUID, nil, body)
	if err := v.judge(a, err); err != nil {
		return err
	}
	return v.wroteOrigin(k, c, z, a.Body, a.JSON200)
}

type originRemove struct {
	remote
	originArg
}

// Help is an example.
func (originRemove) Help() string {
	return "Example:\n\n    cistern origin remove cdn.example.com media"
}

// Run removes an origin.
func (v *originRemove) Run(k *kong.Kong) error {
	c, z, o, err := v.openOrigin(v.originArg)
	if err != nil {
		return err
	}
	a, err := c.DeleteOriginWithResponse(context.Background(), z.UUID, o.UUID, nil)
	if err := v.judge(a, err); err != nil {
		return err
	}
	return v.say(k, "removed origin %s (%s) of zone %s", o.Name, o.UUID, z.Name)
}
