// Command cistern is the whole program: the edge, the control plane and the
// client verbs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/cistern-cdn/cistern/internal/app"
	"github.com/cistern-cdn/cistern/internal/cli"
	"github.com/cistern-cdn/cistern/internal/control/auth"
)

// program is the command line.
type program struct {
	Serve   serve   `cmd:"" help:"Run control plane and edge in one process."`
	Control unbuilt `cmd:"" hidden:"" help:"Run the control plane only (not in this version)."`
	Edge    unbuilt `cmd:"" hidden:"" help:"Run an edge only (not in this version)."`
	Version version `cmd:"" help:"Print the version."`

	cli.Verbs
}

type serve struct {
	File app.File `name:"config" placeholder:"FILE" help:"YAML file of these settings, keys as the flags with _ for -."`
	app.Config
}

const adminToken = "CISTERN_ADMIN_TOKEN"

// Help implements kong.HelpProvider.
func (*serve) Help() string {
	return adminToken + ` in the environment is the owner token of the API: 20 to 255 visible characters. Without it, one is made and kept in admin.token in the data directory. Each flag can be given as the variable behind it, or in the file of --config; the flag wins, then the variable.

SIGTERM drains and ends; SIGHUP opens the access log anew.`
}

// Validate checks the settings together.
func (s *serve) Validate() error {
	err := s.Config.Validate()
	if err != nil && s.File != "" {
		return fmt.Errorf("%w (settings are also read from %s)", err, s.File)
	}
	return err
}

func (s *serve) Run(parsed *kong.Context) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	reopen := make(chan os.Signal, 1)
	signal.Notify(reopen, syscall.SIGHUP)
	s.Reopen = reopen
	s.AdminToken = os.Getenv(adminToken)
	if s.AdminToken != "" {
		if err := auth.CheckText(s.AdminToken); err != nil {
			return usageError{fmt.Errorf("read %s: %w", adminToken, err)}
		}
	}
	s.Misspelt = app.FindMisspelt(os.Environ(), variables(parsed.Model))
	return app.Serve(ctx, s.Config, buildVersion())
}

// variables lists the environment variables that the program reads.
func variables(m *kong.Application) []string {
	names := []string{adminToken}
	_ = kong.Visit(m, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			names = append(names, flag.Envs...)
		}
		return next(nil)
	})
	return names
}

type unbuilt struct {
	Rest []string `arg:"" optional:"" passthrough:""`
}

func (unbuilt) Run() error {
	return usageError{errors.New("only `cistern serve` (control plane and edge in one process) is built in this version")}
}

type version struct{}

func (version) Run() error {
	_, err := fmt.Println("cistern", buildVersion())
	return err
}

// A usageError is one that exits with status 2.
type usageError struct{ error }

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cistern:", err)
		var usage usageError
		if errors.As(err, &usage) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

func run(args []string) error {
	var p program
	parser, err := kong.New(&p, kong.Name("cistern"),
		kong.Description("A CDN for private object-storage buckets."),
		kong.DefaultEnvars("CISTERN"))
	if err != nil {
		return fmt.Errorf("bug: %w", err)
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return usageError{err}
	}
	return ctx.Run()
}

// buildVersion is the module's version, or its commit.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	return "devel"
}
