package app

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// A Config holds the process settings of `cistern serve`: flags, environment
// variables and keys of the configuration file have the same names. Settings
// of zones are not here; they are made through the API.
type Config struct {
	Data string `default:"cistern-data" help:"Directory of all state: configuration, keys, tokens. Made if missing."`

	HTTP  Address  `name:"http" default:":8080" help:"Edge, plain HTTP: ADDR or off."`
	HTTPS Disabled `name:"https" default:"off" help:"Edge, TLS: only off in this version."`
	API   Address  `name:"api" env:"CISTERN_API_ADDR" default:"127.0.0.1:7480" help:"REST API: ADDR or off."`
	Ops   Address  `name:"ops" default:"127.0.0.1:7481" help:"/healthz, /readyz and /metrics: ADDR or off."`
	Link  Disabled `name:"link" default:"off" help:"Stream for remote edges: only off in this version."`

	H2      Disabled `name:"h2" env:"CISTERN_H2" hidden:"" default:"off" help:"HTTP/2: only off in this version."`
	H3      Disabled `name:"h3" env:"CISTERN_H3" hidden:"" default:"off" help:"HTTP/3: only off in this version."`
	Etcd    Disabled `name:"etcd" hidden:"" default:"off" help:"An etcd cluster instead of the embedded store: only off in this version."`
	Cluster Disabled `name:"cluster" hidden:"" default:"off" help:"Several embedded members: only off in this version."`
	History Disabled `name:"history" hidden:"" default:"off" help:"Audit log and reports: only off in this version."`

	APICert      string `name:"api-cert" placeholder:"FILE" help:"Certificate chain (PEM) to serve the API over TLS."`
	APIKey       string `name:"api-key" placeholder:"FILE" help:"Private key (PEM) of --api-cert."`
	APIPlainHTTP bool   `name:"api-plain-http" help:"Permit the API without TLS on an address that is not loopback."`

	BaseDomain Domain `name:"base-domain" default:"localhost" help:"Every zone is also served as <id>.NAME; empty: none is."`

	MaxConnectionsPerAddress Count `name:"max-connections-per-address" default:"1000" help:"Viewer connections of one address; more are closed at once. A load balancer in front is one address."`

	DrainDelay   Duration `name:"drain-delay" default:"0s" help:"How long viewers are still accepted after /readyz has turned 503, so that a load balancer in front notices first."`
	DrainTimeout Duration `name:"drain-timeout" default:"30s" help:"Upper bound of a graceful stop, after --drain-delay."`
	FillBudget   Duration `name:"fill-budget" default:"60s" help:"Bound of all attempts of one fetch up to the response header."`

	AllowPrivateOrigins Addresses `name:"allow-private-origins" default:"all" help:"Private addresses that may be origins: all, none, or networks such as 10.1.0.0/16,fd12::/16."`

	CacheMemory Size     `name:"cache-memory" default:"256MiB" help:"RAM tier of the cache; 0 disables it."`
	CacheDisk   Disabled `name:"cache-disk" default:"off" help:"Disk tier of the cache: only off (0) in this version."`

	LogFormat Format `name:"log-format" default:"text" help:"text or json."`
	LogLevel  Level  `name:"log-level" default:"info" help:"debug, info, warn or error."`
	AccessLog string `name:"access-log" default:"off" help:"One line per viewer request: to a FILE, which SIGHUP opens anew; to standard output (-); or off."`

	// AdminToken is the first owner token; empty: one is generated. It comes
	// from the environment only, as others can read a command line.
	AdminToken string `kong:"-"`

	// Misspelt are environment variables to warn of at the start.
	Misspelt []Misspelt `kong:"-"`

	// Reopen, if not nil, makes the process open the file of its access log
	// anew for each value received.
	Reopen <-chan os.Signal `kong:"-"`
}

// Validate checks what no single value can tell. Its errors name the flag.
func (c *Config) Validate() error {
	if c.Data == "" {
		return errors.New("--data is empty: name a directory")
	}
	if (c.APICert == "") != (c.APIKey == "") {
		return errors.New("--api-cert and --api-key go together: give both or none")
	}
	if !c.API.Off() && c.APICert == "" && !c.APIPlainHTTP && !c.API.loopback() {
		return fmt.Errorf("--api %s is not a loopback address, and tokens would travel in the clear: give --api-cert and --api-key, or --api-plain-http if a proxy before it speaks TLS", c.API)
	}
	if c.API.Off() && c.HTTP.Off() {
		return errors.New("--http and --api are both off: nothing would be served")
	}
	if c.FillBudget <= 0 {
		return fmt.Errorf("--fill-budget %v: must be positive", time.Duration(c.FillBudget))
	}
	return nil
}
