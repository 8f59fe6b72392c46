package main

import (
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	pollInterval = 50 * time.Millisecond
	getTimeout   = 10 * time.Second
)

type link struct {
	id   string
	conn net.Conn
}

// pool keeps the idle links. Nobody reads from a link while it is here.
type pool struct {
	capacity int

	mu      sync.Mutex
	idle    []link
	opening int // places of links that were admitted and are not idle yet
}

// admit keeps a place for a link that is about to be opened, unless the pool is full. Each place ends with add or giveUp.
func (p *pool) admit() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle)+p.opening >= p.capacity {
		return false
	}
	p.opening++
	return true
}

func (p *pool) giveUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opening--
}

func (p *pool) add(l link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opening--
	p.idle = append(p.idle, l)
}

// incomingGet takes any link.
func (p *pool) incomingGet() (link, error) {
	return p.get(func(link) bool { return true })
}

// outgoingGet takes the link with this id.
func (p *pool) outgoingGet(id string) (link, error) {
	return p.get(func(l link) bool { return l.id == id })
}

func (p *pool) get(wanted func(link) bool) (link, error) {
	for deadline := time.Now().Add(getTimeout); time.Now().Before(deadline); time.Sleep(pollInterval) {
		if l, found := p.take(wanted); found {
			return l, nil
		}
	}
	return link{}, fmt.Errorf("no link within %s", getTimeout)
}

func (p *pool) take(wanted func(link) bool) (link, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, l := range p.idle {
		if wanted(l) {
			p.idle = append(p.idle[:i:i], p.idle[i+1:]...)
			return l, true
		}
	}
	return link{}, false
}
